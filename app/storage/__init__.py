"""Every SQL statement of Taskloom."""
