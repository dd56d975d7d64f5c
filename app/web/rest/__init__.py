"""The REST APIs: routes that translate names, shapes and codes; the services behind them are those of the graph."""
