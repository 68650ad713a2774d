"""What shows that the promises of docs/RELIABILITY.md hold."""
