"""The manifests in one file of a plain directory, as texts for a stream of YAML.

Rules: argo-cd, reposerver/repository, getObjsFromYAMLOrJSON, and what it calls
(k8s.io/apimachinery, util/yaml/decoder.go: a stream that begins with a brace may be JSON).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cmp.core.documents import documents
from cmp.core.flow import flow
from cmp.core.go_scalars import plain_value
from cmp.core.yaml_tree import Mapping, Scalar, field, is_null, resolved
from cmp.errors import InvalidSource
from cmp.renderers.compose import compose

if TYPE_CHECKING:
    from collections.abc import Iterator

_JSON = ".json"
_SPACE = " \t\n\r"
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
            found.append(manifest)  # noqa: PERF402
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
        _check_json(value)
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
        except ValueError:
            if count > 1:
                raise
            # Not JSON, or not any more: the rest is YAML.
            yield from _yaml(text[position:].lstrip(_SPACE) if count else text)
            return
        if value is not None:
            _check_json(value)
            yield f"{flow(value)}\n"
        position, count = end, count + 1


def _yaml(text: str) -> Iterator[str]:
    for document in documents(text):
        root = compose(document)
        if root is None or is_null(root):
            continue
        kind = field(root, "kind")
        name = resolved(kind) if kind is not None else None
        _check(
            is_object=isinstance(resolved(root), Mapping),
            kind=plain_value(name) if isinstance(name, Scalar) else None,
        )
        yield document


def _check(*, is_object: bool, kind: object) -> None:
    """Raise `ValueError` for what is no object, or has no kind."""
    if not is_object:
        raise ValueError("it is no mapping")
    if not isinstance(kind, str) or not kind:
        raise ValueError("it has no kind; leave the file out with directory.exclude")


def _check_json(value: object) -> None:
    kind = value.get("kind") if isinstance(value, dict) else None
    _check(is_object=isinstance(value, dict), kind=kind)


def _json(text: str, position: int) -> tuple[object, int]:
    start = len(text) - len(text[position:].lstrip(_SPACE))
    decoder = json.JSONDecoder(parse_constant=_refused)
    value, end = decoder.raw_decode(text, start)
    flow(value)  # a number without bounds is none in JSON
    return value, end


def _refused(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
