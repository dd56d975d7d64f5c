"""The tasks API."""
