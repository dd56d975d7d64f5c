"""Tests of Taskloom; the tree mirrors app/."""
