"""Every statement that stands in a file is used, opens with what it is for, and stays within a tenant."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import APP, app_sources

STATEMENTS = sorted((APP / "storage" / "sql").glob("*.sql"))
LOADED = re.compile(r"""\b(?:load|source_of)\("(\w+)"\)""")


def test_every_statement_file_is_loaded_once() -> None:
    loaded = [name for source in app_sources() for name in LOADED.findall(source.text)]
    assert sorted(loaded) == [path.stem for path in STATEMENTS]


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_a_statement_stays_within_a_tenant(path: Path) -> None:
    assert re.search(r":tenant_ids?\b", path.read_text("utf-8"))


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_a_statement_opens_with_its_name_and_what_it_is_for(path: Path) -> None:
    assert path.read_text("utf-8").startswith(f"-- {path.stem}: ")
