"""One document converted, and the proof that nothing but what is meant has changed."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from cmp.core.conversion.comments import comments, lost
from cmp.core.conversion.edits import Conversion, Job, Result
from cmp.core.conversion.meaning import meaning
from cmp.core.conversion.options import SECTIONS
from cmp.core.conversion.sources import owners
from cmp.core.json_values import json_value
from cmp.core.splice import spliced
from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from cmp.core.json_values import Json
    from cmp.core.yaml_tree import Node


def converted(text: str, job: Job) -> Result:
    """Return a document with its sources converted; raise `InvalidApplication`.

    What is read of the result is what was read before, but for how sources are rendered; no
    comment is lost.
    """
    root = job.compose(text)
    if root is None:
        return Result(text, 0, 0, (), ())
    before = Counter(comment.text for comment in comments(text, root))
    problem = ""
    for is_moved in (True, False):
        document = Conversion(text, root, job, is_moved=is_moved)
        if not document.edits:
            return document.result(text)
        after = spliced(text, document.edits)
        gone = lost(before, after)
        if gone is None and _is_same(root, after, job):
            return document.result(after)
        problem = problem or (
            f"the comment {gone!r} would have no place; move it"
            if gone
            else _why_not(after, job) or "of how it is written; write it out without anchors"
        )
    raise InvalidApplication(f"cannot be converted: {problem}")


def _is_same(root: Node, after: str, job: Job) -> bool:
    try:
        other = job.compose(after)
        return other is not None and _read(root, job) == _read(other, job)
    except (ValueError, InvalidApplication):
        return False


def _why_not(after: str, job: Job) -> str:
    """Return what the parser says of a text that it does not take."""
    try:
        root = job.compose(after)
        if root is not None:
            json_value(root)
    except ValueError as error:
        return str(error)
    return ""


def _read(root: Node, job: Job) -> list[object]:
    """Return all that a document says, with what its sources mean in place of how they say it."""
    whole = json_value(root)
    meanings = [meaning(s.value, job.compose) for owner in owners(root) for s in owner.sources]
    return [_without_sources(whole), meanings]


def _without_sources(value: Json) -> str:
    def stripped(one: Json) -> Json:
        if isinstance(one, dict):
            if isinstance(one.get("repoURL"), str):
                return {n: v for n, v in one.items() if n not in (*SECTIONS, "plugin")}
            return {name: stripped(inner) for name, inner in one.items()}
        return [stripped(inner) for inner in one] if isinstance(one, list) else one

    return json.dumps(stripped(value), sort_keys=True)
