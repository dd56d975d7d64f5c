"""Parsing, validating and running documents."""
