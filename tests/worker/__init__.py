"""Tests of the worker kit."""
