"""The environment: what is read of it, and what ends the start with a sentence."""

from pathlib import Path

import pytest

from app.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", set()),
        ("https://app.example.com", {"https://app.example.com"}),
        ("https://App.Example.com:443/, http://localhost:3000", {"https://app.example.com", "http://localhost:3000"}),
        ("http://a.example:80  http://[::1]:8080,", {"http://a.example", "http://[::1]:8080"}),
    ],
)
def test_origins_are_kept_as_browsers_send_them(text: str, origins: set[str]) -> None:
    assert Settings.read({"CORS_ORIGINS": text}).cors_origins == origins


@pytest.mark.parametrize(
    "text",
    [
        *("*", "null", "app.example.com", "//a.example", "ftp://a.example", "https://a.example/x"),
        *("https://a.example?x", "https://u@a.example", "https://a.example:port", "https://[a", "https://a.example, *"),
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"CORS_ORIGINS holds '.*'; name each origin in full"):
        Settings.read({"CORS_ORIGINS": text})


@pytest.mark.parametrize(
    "content",
    [
        '{"h1": "{ a }", "h2": "{ b }"}',
        '{"format": "apollo-persisted-query-manifest", "version": 1, "operations": ['
        '{"id": "h1", "name": "A", "type": "query", "body": "{ a }"}, {"id": "h2", "body": "{ b }"}]}',
    ],
)
def test_trusted_documents_are_read_from_the_files_that_tools_write(tmp_path: Path, content: str) -> None:
    file = tmp_path / "documents.json"
    file.write_text(content, "utf-8")
    settings = Settings.read({"TRUSTED_DOCUMENTS": str(file), "TRUSTED_DOCUMENTS_MODE": "only"})
    assert (settings.trusted_documents, settings.trusted_only) == ({"h1": "{ a }", "h2": "{ b }"}, True)


def test_without_a_file_no_document_is_trusted() -> None:
    settings = Settings.read({})
    assert (settings.trusted_documents, settings.trusted_only) == ({}, False)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "5",
        "null",
        '{"h": 5}',
        '{"h": ""}',
        '{"": "{ a }"}',
        '{"operations": [5]}',
        '{"h": "{ a }"',
        "\xff",
    ],
)
def test_a_file_that_holds_no_documents_ends_the_start(tmp_path: Path, content: str) -> None:
    file = tmp_path / "documents.json"
    file.write_text(content, "latin-1")
    with pytest.raises(SettingsError, match="TRUSTED_DOCUMENTS names"):
        Settings.read({"TRUSTED_DOCUMENTS": str(file)})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"TRUSTED_DOCUMENTS": "/nowhere/documents.json"}, "which cannot be read"),
        ({"TRUSTED_DOCUMENTS_MODE": "only"}, "name the file of documents in TRUSTED_DOCUMENTS"),
        ({"TRUSTED_DOCUMENTS_MODE": "all"}, "TRUSTED_DOCUMENTS_MODE is 'all'; give one of also, only"),
    ],
)
def test_a_list_that_is_not_there_ends_the_start(given: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.read(given)
