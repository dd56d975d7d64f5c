"""Files in and out: rows of tables, grids and charts."""
