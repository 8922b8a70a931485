"""The manifests in one file of a plain directory, as texts for a stream of YAML.

Rules: argo-cd, reposerver/repository, getObjsFromYAMLOrJSON, and what it calls
(k8s.io/apimachinery, util/yaml/decoder.go: a stream that begins with a brace may be JSON).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cmp.compose import compose
from cmp.core.documents import bare, documents
from cmp.core.flow import flow
from cmp.core.json_values import json_value
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from collections.abc import Iterator

_JSON = ".json"
_SPACE = " \t\n\r"
_PEEKED = 4  # bytes, to see what follows JSON
_LOOKED_AT = 4096  # bytes, to see whether a stream begins as JSON
# A file that cannot be read is an error only where all of these stand in it.
_SIGNS = ("apiVersion:", "kind:", "metadata:")


def manifests(name: str, text: str) -> list[str]:
    """Return the manifests of a file; raise `InvalidSource` where Argo CD would refuse it.

    A file that holds no manifest at all and does not look like one has none.
    """
    if name.endswith(_JSON):
        return [_single(name, text)]
    found: list[str] = []
    try:
        # One by one, for what comes before an error counts.
        for manifest in _stream(text):
            found.append(manifest)  # noqa: PERF402 - list.extend would lose them
    except (ValueError, RecursionError) as error:
        if found or all(sign in text for sign in _SIGNS):
            raise InvalidSource(
                f"manifest {len(found) + 1} in it cannot be read: {error}", where=name
            ) from None
    return found


def _single(name: str, text: str) -> str:
    """Return the one object of a JSON file."""
    try:
        value, end = _json(text, 0)
        _check(value)
    except (ValueError, RecursionError) as error:
        raise InvalidSource(f"it cannot be read: {error}", where=name) from None
    after = text[end:].strip(_SPACE)
    if after and after[0] not in "]}":  # as Go's decoder looks for more
        raise InvalidSource(
            "it holds several objects; a JSON file may hold one, or a List of them", where=name
        )
    return f"{flow(value)}\n"


def _stream(text: str) -> Iterator[str]:
    if not text[:_LOOKED_AT].lstrip().startswith("{"):
        yield from _yaml(text)
        return
    position = count = 0
    while text[position:].strip(_SPACE):
        try:
            value, end = _json(text, position)
            if value is not None:
                _check(value)
        except ValueError:
            if count > 1:
                raise
            # Not JSON, or not any more: the rest is YAML.
            yield from _yaml(_after_json(text, position))
            return
        if value is not None:
            yield f"{flow(value)}\n"
        position, count = end, count + 1


def _after_json(text: str, position: int) -> str:
    """Return what is not JSON from there on, but for blanks up to the end of the line.

    Raises `ValueError` near the end, where Argo CD's decoder looks for four bytes in vain.
    """
    end = position
    while text[end : end + 1].isspace() and text[end] != "\n":
        end += 1
    if len(text[end : end + _PEEKED].encode()) < _PEEKED:
        raise ValueError("it ends in neither JSON nor YAML")
    return text[end + 1 :] if text[end] == "\n" else text[end:]


def _yaml(text: str) -> Iterator[str]:
    for document in documents(text):
        root = compose(document)
        value = json_value(root) if root is not None else None
        if value is not None:
            _check(value)
            yield bare(document)


def _check(value: object) -> None:
    """Raise `ValueError` for what is no object, has no kind, or is no JSON."""
    if not isinstance(value, dict):
        raise ValueError("it is no mapping")  # noqa: TRY004 - one kind for all of them
    if not isinstance(value.get("kind"), str) or not value["kind"]:
        raise ValueError("it has no kind; leave the file out with directory.exclude")
    flow(value)


def _json(text: str, position: int) -> tuple[object, int]:
    start = len(text) - len(text[position:].lstrip(_SPACE))
    decoder = json.JSONDecoder(parse_constant=_refused)
    value, end = decoder.raw_decode(text, start)
    flow(value)  # a number without bounds is none in JSON
    return value, end


def _refused(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
