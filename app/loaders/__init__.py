"""Batched reads: keys in, values out, in key order."""
