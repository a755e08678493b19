"""Everything about plugins: their code in files, calls of it, time limits, and their answers."""
