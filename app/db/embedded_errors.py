"""The one error of the embedded server: what was wrong, what is allowed and what to do next."""


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be found, started, reached or stopped."""


class ServerStillBusy(EmbeddedPostgresError):
    """The server runs and recovers, longer than we wait; it is left alone so that it gets done."""
