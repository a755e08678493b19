"""How a measurement becomes a reward: MnasNet's objectives, and those that users write."""
