"""Whole servers and workers, as a user would run them."""
