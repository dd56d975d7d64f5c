"""The one error of the embedded server: what was wrong, what is allowed and what to do next."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be found, started, reached or stopped."""
