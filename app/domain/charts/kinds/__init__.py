"""Kinds of charts: each compiles its own part of the ECharts option."""
