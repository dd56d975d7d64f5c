"""The life of tasks as the rules of the tasks API have it (sections 3 to 11), worked out in plain Python."""
