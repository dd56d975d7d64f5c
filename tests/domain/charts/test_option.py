"""The compiler's output, compared with the golden files."""

import pytest

from app.domain.charts.spec import Kind
from tests.golden.charts.cases import CASES, FOLDER, path_of, printed_option


@pytest.mark.parametrize("name", CASES)
def test_the_option_is_the_golden_one(name: str) -> None:
    assert printed_option(name) == path_of(name).read_text(encoding="utf-8")


def test_every_kind_has_a_golden_file_and_every_file_a_case() -> None:
    assert {case["kind"] for case in CASES.values()} == set(Kind)
    assert {path.stem for path in FOLDER.glob("*.json")} == set(CASES)
