"""The demo: a feeder and a worker that know the server only through its public API."""
