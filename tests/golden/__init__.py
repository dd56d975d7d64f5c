"""Texts that the program prints, kept to be compared; rewritten only by an explicit command."""
