"""Patches of an Application, spliced into its kustomization after those that are there.

``kustomize edit`` has no command that does so. Argo CD reads the file and writes it anew; here
all else in it stays as it is.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import yaml

from cmp.core.keys import nearest
from cmp.errors import InvalidSource, RenderRefused
from cmp.renderers.paths import inside

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from cmp.renderers import Job

    Patch = dict[str, Any]

_WHERE = "kustomize.patches"
_FIELDS = ("path", "patch", "target", "options")
_TARGET = (
    *("group", "version", "kind", "name", "namespace"),
    *("annotationSelector", "labelSelector"),
)


def parse_patches(job: Job, written: str) -> list[Patch]:
    """Read the option; raise `InvalidSource` where it is no list of patches."""
    try:
        # Every scalar is text to this loader, as every field of a patch is to Argo CD.
        items = yaml.load(written, Loader=yaml.BaseLoader)  # noqa: S506 - it makes only text
    except (yaml.YAMLError, RecursionError) as error:  # the latter: brackets without end
        reason = " ".join(str(error).split())
        raise InvalidSource(f"not YAML: {reason}", where=_WHERE) from None
    if not isinstance(items, list):
        raise InvalidSource("not a list of patches; begin each with '- '", where=_WHERE)
    return [_patch(job, item, f"{_WHERE}[{number}]") for number, item in enumerate(items)]


def _patch(job: Job, item: object, where: str) -> Patch:
    fields = _mapping(item, _FIELDS, where)
    patch: Patch = {n: _text(fields[n], f"{where}.{n}") for n in ("path", "patch") if n in fields}
    if patch.get("path"):
        inside(job.root, job.directory, patch["path"], what=f"{where}.path")
    if "target" in fields:
        target = _mapping(fields["target"], _TARGET, f"{where}.target")
        patch["target"] = {n: _text(v, f"{where}.target.{n}") for n, v in target.items()}
    if "options" in fields:
        options = _mapping(fields["options"], None, f"{where}.options")
        patch["options"] = {n: _boolean(v, f"{where}.options.{n}") for n, v in options.items()}
    return {name: value for name, value in patch.items() if value}


def _mapping(item: object, names: Iterable[str] | None, where: str) -> dict[str, object]:
    if not isinstance(item, dict):
        raise InvalidSource("not a mapping", where=where)
    for name in item:
        if not isinstance(name, str) or (names is not None and name not in names):
            known = tuple(names or ())
            raise InvalidSource(
                f"no field {name!r}{nearest(str(name), known)}; use one of: {', '.join(known)}",
                where=where,
            )
    return item


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidSource("not text; write it as a block: '|-'", where=where)
    return value


def _boolean(value: object, where: str) -> bool:
    if value not in ("true", "false"):
        raise InvalidSource(f"{value!r} is neither true nor false", where=where)
    return value == "true"


def add_patches(job: Job, file: str, option: str) -> None:
    """Write the option's patches into the kustomization ``file``.

    Raises `InvalidSource` for the option, `RenderRefused` for the file.
    """
    patches = parse_patches(job, option)
    where = os.path.basename(file)
    try:
        with open(file, encoding="utf-8-sig", newline="") as opened:
            text = opened.read()
        written = with_patches(text, patches) if patches else text
        with open(file, "w", encoding="utf-8", newline="") as opened:
            opened.write(written)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise RenderRefused(f"no patches can be added: {reason}", where=where) from None
    except RenderRefused as error:
        raise error.within(where) from None


def with_patches(text: str, patches: list[Patch]) -> str:
    """Return the kustomization ``text`` with ``patches`` at the end of its own."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise RenderRefused("it is no mapping, so that no patches can be added; write fields")
    items = [_flow(patch) for patch in patches]
    for key, value in root.value:
        if key.value == "patches":
            _check_list(key, value)
            return _appended(text, value, items)
    if root.flow_style:
        return _appended(text, root, [f'"patches": [{", ".join(items)}]'])
    indent = " " * (root.value[0][0].start_mark.column)
    lines = [f"{indent}patches:", *(f"{indent}- {item}" for item in items)]
    return _inserted(text, root.end_mark, lines)


def _check_list(key: yaml.Node, value: yaml.Node) -> None:
    if not isinstance(value, yaml.SequenceNode) or value.start_mark.index < key.end_mark.index:
        raise RenderRefused("its patches are no list that more can be added to; write a list")


def _appended(text: str, node: yaml.CollectionNode, items: list[str]) -> str:
    if not node.flow_style:
        indent = " " * _dash_column(text, node)
        return _inserted(text, node.end_mark, [f"{indent}- {item}" for item in items])
    close = node.end_mark.index - 1
    last = _last(node)
    needs_comma = last is not None and "," not in text[last.end_mark.index : close]
    added = (", " if needs_comma else "") + ", ".join(items)
    return text[:close] + added + text[close:]


def _dash_column(text: str, node: yaml.CollectionNode) -> int:
    """Return where the items of a block begin; an anchor or a tag may stand before them."""
    start = node.start_mark.index
    if text[start] != "-":
        start = text.rindex("-", 0, node.value[0].start_mark.index)
    return start - text.rfind("\n", 0, start) - 1


def _last(node: yaml.CollectionNode) -> yaml.Node | None:
    last = node.value[-1] if node.value else None
    return last[1] if isinstance(last, tuple) else last


def _inserted(text: str, end: yaml.Mark, lines: list[str]) -> str:
    """Return ``text`` with lines where a block ends: before what follows, on lines of their own."""
    start = end.index - end.column
    added = "".join(f"{line}\n" for line in lines)
    if text[start : end.index].strip():  # the last line has no end
        return f"{text[: end.index]}\n{added}{text[end.index :]}"
    return text[:start] + added + text[start:]


def _flow(patch: Patch) -> str:
    """Return JSON, which is YAML but for characters that JSON writes as two."""
    return re.sub(
        r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})",
        lambda pair: f"\\U{_code_point(pair[1], pair[2]):08x}",
        json.dumps(patch),
    )


def _code_point(high: str, low: str) -> int:
    return 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
