"""One run of one strategy: its record in memory, its events, and the log that holds them."""
