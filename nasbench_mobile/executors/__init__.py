"""Executors do the work of runs, in this process or in worker processes that may die."""
