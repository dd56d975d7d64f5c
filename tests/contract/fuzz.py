"""Generated calls of one operation, and what was wrong with their answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

import orjson
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from requests.structures import CaseInsensitiveDict
from schemathesis import APIOperation, Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.listening import Listening

SEED: Final = 35
EXAMPLES: Final = 20
ANSWER_SECONDS: Final = 15.0
# A stream is read so far: its first events, or until it has been silent for a while.
STREAMED_EVENTS: Final = 3
SILENT_SECONDS: Final = 0.3
STREAM: Final = "streamTask"
CHECKS: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
AnyOperation: TypeAlias = APIOperation[Any, Any, Any, Any]
AnyCase: TypeAlias = Case[Any]


class World(Protocol):
    """Something of everything that an API knows, so that generated calls meet what exists."""

    @property
    def agents(self) -> Sequence[Mapping[str, str]]:
        """The headers of agents that may call; none where there are no agents."""

    def known(self, name: str, operation: str) -> Sequence[Any]:
        """What is there for a parameter or member of an operation; nothing for those that name nothing."""


def described_by(server: Listening, below: str) -> list[AnyOperation]:
    """The operations whose paths begin so, as the server describes them itself."""
    schema = schemathesis.openapi.from_url(f"{server.http}/openapi.json", config=SchemathesisConfig())
    schema.config.max_stream_events = STREAMED_EVENTS
    found = list(schema.get_all_operations())
    assert all(isinstance(one, Ok) for one in found)
    operations = [one.ok() for one in found if isinstance(one, Ok)]
    return [one for one in operations if one.path.startswith(below)]


@dataclass(slots=True, kw_only=True)
class Fuzz:
    """Calls of an operation by a key's owner and two agents in a world."""

    operation: AnyOperation
    mode: GenerationMode
    world: World
    key: str
    statuses: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The operation's id."""
        return str(self.operation.definition.raw["operationId"])

    def run(self) -> None:
        """Blocks; the same calls each time. All problems are noted: what failed once may not fail twice."""
        cases = self.operation.as_strategy(self.mode, feedback=FeedbackSources())

        @seed(SEED)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.data())
        def call_often(data: st.DataObject) -> None:
            self._check(session, self._placed(data.draw(cases), data))

        with requests.Session() as session:
            call_often()

    def _placed(self, case: AnyCase, data: st.DataObject) -> AnyCase:
        """The case, mostly with a key, an agent and ids that exist: random ones would all end at the door."""
        headers = CaseInsensitiveDict(case.headers)
        if _mostly(data, 9):
            headers.pop("Authorization", None)
            headers["X-API-Key"] = self.key
            case.cookies = {}
        if "/agent/" in self.operation.path and _mostly(data, 6):
            headers.pop("X-AGH-Workspace-ID", None)
            headers.update(data.draw(st.sampled_from(self.world.agents)))
        case.headers = headers
        for part, often in ((case.path_parameters, 6), (case.query, 2), (case.body, 2)):
            self._fill(part, often, data)
        return case

    def _fill(self, part: Any, often: int, data: st.DataObject) -> None:
        """Put in what exists for members of a kind that fits, wherever they are."""
        if isinstance(part, list):
            for item in part:
                self._fill(item, often, data)
        if not isinstance(part, dict):
            return
        for name, value in list(part.items()):
            known = self.world.known(name, self.id)
            if not known:
                self._fill(value, often, data)
            elif isinstance(value, type(known[0])) and _mostly(data, often):
                part[name] = data.draw(st.sampled_from(known))

    def _check(self, session: requests.Session, case: AnyCase) -> None:
        answer = self._answer(session, case)
        self.statuses.append(answer.status_code)
        streamed = self.id == STREAM and answer.status_code == 200
        try:
            # A frame is described, not a frame's fields, which is what schemathesis would look for.
            case.validate_response(
                answer, [one for one in CHECKS if one is not response_schema_conformance or not streamed]
            )
        except FailureGroup as problem:
            self.problems.append(str(problem))
        if streamed:
            self.problems += self._frames(answer)

    def _answer(self, session: requests.Session, case: AnyCase) -> Response:
        if isinstance(case.body, dict) and case.body.get("wait") is True:
            try:
                return case.call(session=session, timeout=SILENT_SECONDS)
            except requests.exceptions.ReadTimeout:
                # It waits, as it was asked to; the same call is answered at once when it does not wait.
                case.body["wait"] = False
        return case.call(session=session, timeout=SILENT_SECONDS if self.id == STREAM else ANSWER_SECONDS)

    def _frames(self, answer: Response) -> Iterator[str]:
        document = self.operation.schema.raw_schema
        frame = {**document, "$ref": "#/components/schemas/StreamEvent"}
        for line in answer.content.split(b"\n"):
            if line.startswith(b"data: "):
                for found in Draft202012Validator(frame).iter_errors(orjson.loads(line.removeprefix(b"data: "))):
                    yield f"{self.id}: {found.json_path}: {found.message}"


def _mostly(data: st.DataObject, often: int) -> bool:
    """So many times of one more; a simple example does what is done mostly."""
    return data.draw(st.sampled_from([True] * often + [False]))


def unmet(found: Sequence[Fuzz]) -> list[str]:
    """The operations whose calls all ended at the door: without a credential, an id that exists or sound values."""
    at_the_door = {400, 401, 403, 404, 422}
    return [one.id for one in found if at_the_door.issuperset(one.statuses)]
