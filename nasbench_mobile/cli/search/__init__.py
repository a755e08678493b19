"""The command that searches on one's own images."""
