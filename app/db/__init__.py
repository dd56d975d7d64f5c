"""The database: engine, transactions, LISTEN, migrations and the embedded server."""
