"""The schema and its engine."""
