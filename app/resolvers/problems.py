"""How a mutation tells everything that is wrong with its input: one user error for each problem."""

from collections.abc import Awaitable
from typing import TypeVar

from app.domain.invalid import InvalidInput, field_of
from app.graph.context import Info
from app.graph.errors import UserError
from app.graph.inputs.base import MutationInput, MutationPayload
from app.resolvers.outcome import outcome

Payload = TypeVar("Payload", bound=MutationPayload)


async def each_problem(kind: type[Payload], info: Info, input: MutationInput, work: Awaitable[Payload]) -> Payload:
    """Like `outcome`, with all problems of an invalid input instead of the first; what follows sees the change."""

    async def told() -> Payload:
        try:
            payload = await work
        except InvalidInput as refusal:
            return kind(
                user_errors=[
                    UserError(
                        code=refusal.code, message=problem.message, field=field_of(problem.loc), reason=problem.code
                    )
                    for problem in refusal.problems
                ]
            )
        info.context.fresh_loaders()
        return payload

    return await outcome(kind, input, told())
