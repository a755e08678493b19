"""The commands that fill and read tables of trained networks."""
