"""The environment, read once: every variable Taskloom knows, with its default and its meaning."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit


class Profile(StrEnum):
    """How guarded the server is: development shows GraphiQL and hints, production does not."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


PORT_OF: Final = {"http": 80, "https": 443}


class SettingsError(Exception):
    """A variable holds something it may not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says; see docs/operations.md for each variable."""

    host: str
    port: int
    database_url: str | None
    listen_dsn: str | None
    broadcast_url: str | None
    data_dir: Path
    pg_bin: Path | None
    bootstrap_key: str | None
    demo: bool
    profile: Profile
    planned: bool
    log_format: str
    log_level: str
    import_bytes_max: int
    cors_origins: frozenset[str]

    @classmethod
    def read(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """The settings of this process; an empty variable counts as unset."""
        given = {k: v for k, v in (os.environ if env is None else env).items() if v != ""}
        return cls(
            host=given.get("HOST", "127.0.0.1"),
            port=_integer(given, "PORT", 8000, 0, 65_535),
            database_url=given.get("DATABASE_URL"),
            listen_dsn=given.get("LISTEN_DSN"),
            broadcast_url=given.get("BROADCAST_URL"),
            data_dir=Path(given.get("DATA_DIR", ".taskloom")).absolute(),
            pg_bin=Path(given["TASKLOOM_PG_BIN"]) if "TASKLOOM_PG_BIN" in given else None,
            bootstrap_key=given.get("TASKLOOM_BOOTSTRAP_KEY"),
            demo=_choice(given, "TASKLOOM_DEMO", "0", ("0", "1")) == "1",
            profile=Profile(_choice(given, "TASKLOOM_PROFILE", "development", tuple(Profile))),
            planned=_choice(given, "TASKLOOM_ENGINE", "plan", ("plan", "library")) == "plan",
            log_format=_choice(given, "LOG_FORMAT", "text", ("text", "json")),
            log_level=_choice(given, "LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            import_bytes_max=_integer(given, "IMPORT_BYTES_MAX", 1 << 30, 1, 1 << 40),
            cors_origins=frozenset(
                _origin(text) for text in re.split(r"[,\s]+", given.get("CORS_ORIGINS", "")) if text
            ),
        )


def _integer(given: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal() or not low <= int(text) <= high:
        raise SettingsError(f"{name} is {text!r}; give a whole number from {low} to {high}.")
    return int(text)


def _choice(given: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = given.get(name, default)
    if text not in allowed:
        raise SettingsError(f"{name} is {text!r}; give one of {', '.join(allowed)}.")
    return text


def _origin(text: str) -> str:
    """An origin as browsers send it: in lower case, without the port that goes without saying."""
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        port, host = None, None
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username) if host else ()
    if host is None or parts.scheme not in PORT_OF or any(rest):
        raise SettingsError(f"CORS_ORIGINS holds {text!r}; name each origin in full, as https://app.example.com.")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, PORT_OF[parts.scheme]) else "")
