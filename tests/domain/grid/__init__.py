"""Tests of tables, cells and files."""
