"""Shows a comparison: terminal, JSON and CSV, plots, HTML and Markdown, all from the same sections."""
