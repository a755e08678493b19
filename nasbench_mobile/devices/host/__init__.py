"""Latency of a network on this machine, measured with LiteRT in processes of their own."""
