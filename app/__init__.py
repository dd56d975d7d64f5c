"""Taskloom: workspaces and durable tasks as one typed graph."""
