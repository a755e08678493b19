"""Where trials are evaluated: in this process, or in worker processes."""
