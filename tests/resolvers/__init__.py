"""Root fields on a real database."""
