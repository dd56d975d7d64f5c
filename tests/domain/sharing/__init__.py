"""Tests of shares, tags and activity as rules."""
