"""What gives accuracy or latency for a batch of architectures."""
