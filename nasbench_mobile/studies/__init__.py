"""Runs to be compared: their plan and folder, and how they are run, trusted and resumed."""
