"""Workspaces shared with people, tagged, and what happens to them."""
