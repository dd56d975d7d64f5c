"""Tests of chart specs, filters, plans and options."""
