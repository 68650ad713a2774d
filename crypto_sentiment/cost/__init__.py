"""What it costs to score a stream of comments, each way of running it. Formulas only: files are read by `inputs`."""
