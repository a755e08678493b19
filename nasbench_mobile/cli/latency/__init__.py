"""The commands that measure latency and keep look-up tables."""
