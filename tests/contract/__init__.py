"""The published APIs, as files, against the server that runs."""
