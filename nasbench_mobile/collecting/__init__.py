"""Filling tables: which architectures to train, training them, and writing each down at once."""
