"""Reports of finished runs: tables of data, a terminal, plots and a page. Reads, never runs."""
