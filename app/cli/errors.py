"""How the command line tells of errors: one line that says what to do, never a traceback."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import click

from app.db.embedded import EmbeddedPostgresError
from app.domain.errors import TaskloomError
from app.settings import SettingsError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def told(work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
    """The result of `work`; an error that we know leaves as a message and exit status 1."""
    try:
        return work(*args, **kwargs)
    except (TaskloomError, SettingsError, EmbeddedPostgresError) as problem:
        raise click.ClickException(str(problem)) from problem
