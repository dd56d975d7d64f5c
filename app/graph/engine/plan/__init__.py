"""Plans: an operation compiled once, then run breadth first over whole lists."""
