"""JSON merge patch (RFC 7396): objects merge, everything else is replaced, null removes a key."""

from typing import Any


def merge_patch(target: object, patch: object) -> object:
    """The target after the patch; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged: dict[str, Any] = {}
    # A stack instead of recursion: a caller chooses how deep a patch is.
    pending: list[tuple[dict[str, Any], object, dict[str, Any]]] = [(merged, target, patch)]
    while pending:
        result, before, changes = pending.pop()
        result.update(before if isinstance(before, dict) else {})
        for key, change in changes.items():
            if change is None:
                result.pop(key, None)
            elif isinstance(change, dict):
                inner = result.get(key)
                result[key] = {}
                pending.append((result[key], inner, change))
            else:
                result[key] = change
    return merged
