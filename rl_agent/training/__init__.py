"""Learning: the only part that needs torch."""
