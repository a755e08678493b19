"""What several commands share: arguments, options, printing and signals."""
