"""The environment: what is read of it, and what ends the start with a sentence."""

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
