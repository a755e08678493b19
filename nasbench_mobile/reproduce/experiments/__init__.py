"""One file for each experiment of the paper that is repeated."""
