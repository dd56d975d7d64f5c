"""Golden ECharts options: one file a case."""
