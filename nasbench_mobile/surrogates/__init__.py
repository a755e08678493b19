"""Fitted models of accuracy and latency, and how well they predict."""
