"""Use cases that write: permit, decide, store, record."""
