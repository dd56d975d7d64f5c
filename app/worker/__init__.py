"""The worker kit: an asynchronous client of Taskloom that claims runs and carries them out."""

from app.worker.client import GraphQLClient
from app.worker.context import RunContext
from app.worker.errors import (
    Canceled,
    ClientError,
    Draining,
    LeaseLost,
    Refused,
    Release,
    Stopped,
    Unauthorized,
    Unavailable,
)
from app.worker.hold import Task
from app.worker.rows import Row
from app.worker.serve import serve
from app.worker.step import Step
from app.worker.tables import Table
from app.worker.worker import Worker

__all__ = [
    "Canceled",
    "ClientError",
    "Draining",
    "GraphQLClient",
    "LeaseLost",
    "Refused",
    "Release",
    "Row",
    "RunContext",
    "Step",
    "Stopped",
    "Table",
    "Task",
    "Unauthorized",
    "Unavailable",
    "Worker",
    "serve",
]
