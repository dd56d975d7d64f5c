"""The command line of Taskloom."""
