"""Executes documents against the schema: parsed and validated once, run as queries, mutations or live."""
