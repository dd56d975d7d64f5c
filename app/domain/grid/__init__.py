"""Tables: what a column is, what a cell may hold, and how files become rows."""
