"""Persisted documents: a hash that stands for a text, by a list of the operator's or because a client taught it."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from app.graph.engine.executor import RequestRefused
from app.graph.errors import coded

TAUGHT_MAX: Final = 1_000
TAUGHT_CHARACTERS_MAX: Final = 8_000_000
DOCUMENT_CHARACTERS_MAX: Final = 100_000  # what is longer never runs


class PersistedDocuments:
    """The texts that this process knows by their hashes; what clients teach is bounded, the oldest use goes first."""

    def __init__(self, trusted: Mapping[str, str] | None = None, *, only: bool = False) -> None:
        """`trusted` never goes; with `only` nothing else is run."""
        self._trusted = dict(trusted or {})
        self._texts = frozenset(self._trusted.values())
        self._only = only
        self._taught: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def text(self, query: str | None, key: str | None) -> str:
        """The text to run, of a request that has one, the hash of one, or both; RequestRefused otherwise."""
        if query is None:
            return self._known(key or "")
        if self._only and query not in self._texts:
            unlisted = coded(
                "This server runs only the documents on its list. Send the hash of one of them as "
                "`extensions.persistedQuery.sha256Hash`, or ask its operator to add yours.",
                "FORBIDDEN",
            )
            raise RequestRefused([unlisted])
        if key is not None and self._trusted.get(key) != query:
            self._teach(key, query)
        return query

    def _known(self, key: str) -> str:
        if key in self._trusted:
            return self._trusted[key]
        # Some clients compare these two texts and not the codes: they must stand as they are.
        if self._only:
            raise RequestRefused([coded("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")])
        if key not in self._taught:
            raise RequestRefused([coded("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")])
        self._taught.move_to_end(key)
        return self._taught[key]

    def _teach(self, key: str, query: str) -> None:
        if hashlib.sha256(query.encode(errors="surrogatepass")).hexdigest() != key:
            mismatch = "`extensions.persistedQuery.sha256Hash` is not the SHA-256 of `query` in lower-case hexadecimal."
            raise RequestRefused([coded(mismatch, "BAD_REQUEST")])
        if self._only or len(query) > DOCUMENT_CHARACTERS_MAX:
            return
        if key not in self._taught:
            self._taught[key] = query
            self._characters += len(query)
        self._taught.move_to_end(key)
        while len(self._taught) > TAUGHT_MAX or self._characters > TAUGHT_CHARACTERS_MAX:
            _, dropped = self._taught.popitem(last=False)
            self._characters -= len(dropped)
