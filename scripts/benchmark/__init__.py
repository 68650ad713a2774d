"""The benchmark: the predecessor, the peers and this project, in one run on the same cores (`make bench`)."""
