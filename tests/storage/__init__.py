"""Statements on a real database."""
