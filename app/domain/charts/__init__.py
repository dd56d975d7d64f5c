"""Charts: a spec is parsed, checked against columns, planned as a query and compiled to an ECharts option."""
