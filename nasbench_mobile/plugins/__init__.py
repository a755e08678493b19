"""What users bring: code in files, calls into it, their time limits, and the answers."""
