"""Patches of an Application, spliced into its kustomization after those that are there.

``kustomize edit`` has no command that does so. Argo CD reads the file and writes it anew; here
all else in it stays as it is.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import yaml

from cmp.core.flow import flow
from cmp.errors import InvalidSource, RenderRefused, excerpt
from cmp.renderers.kustomize_tree import text_of
from cmp.renderers.patch_options import mapping, read_items, target, text_field
from cmp.renderers.paths import inside

if TYPE_CHECKING:
    from typing import Any

    from cmp.renderers import Job

    Patch = dict[str, Any]

_WHERE = "kustomize.patches"
_MERGE = "tag:yaml.org,2002:merge"
_FIELDS = ("path", "patch", "target", "options")


def parse_patches(job: Job, written: str) -> list[Patch]:
    """Read the option; raise `InvalidSource` where it is no list of patches."""
    items = read_items(written, _WHERE)
    return [_patch(job, item, f"{_WHERE}[{number}]") for number, item in enumerate(items)]


def _patch(job: Job, item: object, where: str) -> Patch:
    fields = mapping(item, _FIELDS, where)
    patch: Patch = {
        n: text_field(fields[n], f"{where}.{n}") for n in ("path", "patch") if n in fields
    }
    if patch.get("path"):
        inside(job.root, job.directory, patch["path"], what=f"{where}.path")
    if "target" in fields:
        patch["target"] = target(fields["target"], f"{where}.target")
    if "options" in fields:
        options = mapping(fields["options"], None, f"{where}.options")
        patch["options"] = {n: _boolean(v, f"{where}.options.{n}") for n, v in options.items()}
    # A target without a field is one, and selects everything (argo-cd, types.go KustomizePatch).
    return {name: value for name, value in patch.items() if value or name == "target"}


def _boolean(value: object, where: str) -> bool:
    if value not in ("true", "false"):
        raise InvalidSource(f"{excerpt(str(value))} is neither true nor false", where=where)
    return value == "true"


def add_patches(job: Job, file: str, option: str) -> None:
    """Write the option's patches into the kustomization ``file``.

    Raises `InvalidSource` for the option, `RenderRefused` for the file.
    """
    patches = parse_patches(job, option)
    where = os.path.basename(file)
    try:
        text = text_of(file)
        written = with_patches(text, patches) if patches else text
        with open(file, "w", encoding="utf-8", newline="") as opened:
            opened.write(written)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise RenderRefused(f"no patches can be added: {reason}", where=where) from None
    except RenderRefused as error:
        raise error.within(where) from None


def with_patches(text: str, patches: list[Patch]) -> str:
    """Return the kustomization ``text`` with ``patches`` at the end of its own.

    As kustomize reads it: of several documents the first, of equal fields the last.
    """
    root = next(yaml.compose_all(text, Loader=yaml.SafeLoader), None)
    if not isinstance(root, yaml.MappingNode):
        raise RenderRefused("it is no mapping, so that no patches can be added; write fields")
    items = [flow(patch) for patch in patches]
    for key, value in reversed(root.value):
        if key.value == "patches":
            _check_list(root, key, value)
            return _appended(text, value, items)
        if key.tag == _MERGE:
            raise RenderRefused("a merge key may bring patches of its own; write fields out")
    if root.flow_style:
        return _appended(text, root, [f'"patches": [{", ".join(items)}]'])
    indent = " " * (root.value[0][0].start_mark.column)
    lines = [f"{indent}patches:", *(f"{indent}- {item}" for item in items)]
    return _inserted(text, root.end_mark, lines)


def _check_list(root: yaml.MappingNode, key: yaml.Node, value: yaml.Node) -> None:
    uses = [other for _, other in root.value if other is value]
    is_alias = value.start_mark.index < key.end_mark.index
    if not isinstance(value, yaml.SequenceNode) or is_alias or len(uses) > 1:
        raise RenderRefused("its patches are no list that more can be added to; write a list")


def _appended(text: str, node: yaml.CollectionNode, items: list[str]) -> str:
    if not node.flow_style:
        indent = " " * _dash_column(text, node)
        return _inserted(text, node.end_mark, [f"{indent}- {item}" for item in items])
    added = ", ".join(items)
    if not node.value:
        close = node.end_mark.index - 1
        return text[:close] + added + text[close:]
    last = node.value[-1]
    end = (last[1] if isinstance(last, tuple) else last).end_mark.index
    return f"{text[:end]}, {added}{text[end:]}"


def _dash_column(text: str, node: yaml.CollectionNode) -> int:
    """Return where the items of a block begin; an anchor or a tag may stand before them."""
    start = node.start_mark.index
    if text[start] != "-":
        start = text.rindex("-", 0, node.value[0].start_mark.index)
    return start - text.rfind("\n", 0, start) - 1


def _inserted(text: str, end: yaml.Mark, lines: list[str]) -> str:
    """Return ``text`` with lines where a block ends: before what follows, on lines of their own."""
    start = end.index - end.column
    added = "".join(f"{line}\n" for line in lines)
    if text[start : end.index].strip():  # the last line has no end
        return f"{text[: end.index]}\n{added}{text[end.index :]}"
    return text[:start] + added + text[start:]
