"""Rows as they are read: frozen values with the words of the domain."""
