"""Latency by look-up: tables of measured blocks, filled, checked and summed."""
