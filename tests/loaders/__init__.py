"""Batched reads on a real database."""
