"""Evaluators give the accuracy or the latency of a batch of architectures."""
