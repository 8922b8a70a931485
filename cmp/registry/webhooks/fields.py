"""The fields of a JSON document that somebody else wrote: nothing in it is taken for granted."""

import json
from typing import Any

from cmp.errors import InvalidInput

_LONGEST = 1024  # characters; a reference has far less (distribution: 255 for the name)


def json_of(text: bytes, what: str) -> Any:
    """Parse JSON; raise `InvalidInput` for anything else, however deep or long."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(f"{what} is not JSON") from None


def find(document: Any, path: str) -> Any:
    """Return what is at ``path``, keys with dots between; None where there is nothing."""
    for key in path.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(key)
    return document


def text(document: Any, *paths: str) -> str:
    """Return the first text that is not empty; "" where there is none.

    Raises `InvalidInput` for a value that is no text, or none to put in a message: with control
    characters, halves of surrogate pairs, or endless.
    """
    for path in paths:
        value = find(document, path)
        if value is not None and not isinstance(value, str):
            raise InvalidInput(f"{path} is not text")
        if value and (len(value) > _LONGEST or not value.isprintable()):
            raise InvalidInput(f"{path} is text that no name has: too long, or not printable")
        if value:
            return value
    return ""


def needed(document: Any, *paths: str) -> str:
    """Return `text`; raise `InvalidInput` naming the fields where it is empty."""
    value = text(document, *paths)
    if not value:
        raise InvalidInput(f"there is no {' and no '.join(paths)} in it")
    return value


def items(document: Any, path: str) -> list[Any]:
    """Return the list at ``path``, empty where there is nothing; raise for another value."""
    value = find(document, path)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(f"{path} is not a list")
    return value


def repository_path(document: Any, within: str, full_name: str) -> str:
    """Return a repository's path: its full name, else ``<namespace>/<name>``, else its name.

    What Docker Hub, Harbor and Alibaba say alike, and argocd-image-updater reads in this order.
    """
    full = text(document, f"{within}.{full_name}")
    if full:
        return full
    name = needed(document, f"{within}.{full_name}", f"{within}.name")
    namespace = text(document, f"{within}.namespace")
    return f"{namespace}/{name}" if namespace else name
