"""JSON from outside that has to be an object. Pure."""

import json
from typing import Any

from channels.errors import PayloadInvalid


def json_object(body: bytes) -> dict[str, Any] | None:
    """None for anything else, however deep or broken it is."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def called_object(body: bytes, who: str) -> dict[str, Any]:
    """Of a call; PayloadInvalid for anything else. Lone surrogates pass: `clean_text` takes them out."""
    try:
        tree = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise PayloadInvalid(f"{who}: {type(problem).__name__}") from None
    if not isinstance(tree, dict):
        raise PayloadInvalid(f"{who}: a call is an object")
    return tree
