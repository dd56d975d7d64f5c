"""The environment, read once: every variable Taskloom knows, with its default and its meaning."""

import json
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
    event_retention_days: int
    cors_origins: frozenset[str]
    trusted_documents: Mapping[str, str]
    trusted_only: bool

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
            event_retention_days=_integer(given, "EVENT_RETENTION_DAYS", 0, 0, 36_500),
            import_bytes_max=_integer(given, "IMPORT_BYTES_MAX", 1 << 30, 1, 1 << 40),
            cors_origins=frozenset(
                _origin(text) for text in re.split(r"[,\s]+", given.get("CORS_ORIGINS", "")) if text
            ),
            trusted_documents=_documents(given),
            trusted_only=_choice(given, "TRUSTED_DOCUMENTS_MODE", "also", ("also", "only")) == "only",
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


def _documents(given: Mapping[str, str]) -> Mapping[str, str]:
    """Documents by their hashes: an object of texts, or the manifest that Apollo's tools write."""
    path = given.get("TRUSTED_DOCUMENTS")
    if path is None:
        if given.get("TRUSTED_DOCUMENTS_MODE") == "only":
            raise SettingsError("TRUSTED_DOCUMENTS_MODE is 'only'; name the file of documents in TRUSTED_DOCUMENTS.")
        return {}
    try:
        found = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError) as problem:
        raise SettingsError(f"TRUSTED_DOCUMENTS names {path!r}, which cannot be read: {problem}.") from problem
    if isinstance(found, dict) and isinstance(found.get("operations"), list):
        listed = [one if isinstance(one, dict) else {} for one in found["operations"]]
        pairs = [(one.get("id"), one.get("body")) for one in listed]
    else:
        pairs = list(found.items()) if isinstance(found, dict) else [(None, None)]
    sound = {key: text for key, text in pairs if isinstance(key, str) and isinstance(text, str) and key and text}
    if len(sound) < len(pairs):
        form = '{"<hash>": "<document>"}'
        raise SettingsError(f"TRUSTED_DOCUMENTS names {path!r}, which must hold documents by their hashes: {form}.")
    return sound
