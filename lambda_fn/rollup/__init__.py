"""The scheduled rollup on AWS: new result objects are folded by the comments' own hour; Athena counts those hours."""
