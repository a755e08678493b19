"""Tables of trained architectures: their rows and file, merging them, and what noise they hold."""
