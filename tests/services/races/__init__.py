"""Races, each decided both ways at a named point: the one legal outcome, with its events."""
