"""Which resources a patch is for, as Kustomize selects them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.patterns import Expression
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from cmp.core.json_values import Json

_REQUIREMENT = re.compile(
    r"\s*(?:(?P<absent>!)\s*)?(?P<key>[A-Za-z0-9][A-Za-z0-9._/-]*)\s*"
    r"(?:(?P<sign>==|=|!=|>|<)\s*(?P<value>[A-Za-z0-9._-]*)\s*"
    r"|(?P<set>in|notin)\s*\((?P<values>[^()]*)\)\s*)?(?:,|$)"
)


class Requirement(NamedTuple):
    """One part of a label selector (k8s.io/apimachinery, labels/selector.go)."""

    key: str
    sign: str
    """``=``, ``!=``, ``in``, ``notin``, ``>``, ``<``, ``exists`` or ``!``."""
    values: frozenset[str]

    def allows(self, labels: Mapping[str, Json]) -> bool:
        """Tell whether these labels meet it."""
        value = labels.get(self.key)
        if self.sign in {"exists", "!"}:
            return (self.key in labels) is (self.sign == "exists")
        if self.sign in {"!=", "notin"}:
            return value not in self.values
        if self.sign in {"=", "in"}:
            return value in self.values
        bound, number = _number(next(iter(self.values))), _number(value)
        if bound is None or number is None:
            return False
        return number > bound if self.sign == ">" else number < bound


class Selector(NamedTuple):
    """The target of a patch: all that is given has to match."""

    expressions: tuple[tuple[str, Expression], ...]
    labels: tuple[Requirement, ...]
    annotations: tuple[Requirement, ...]

    @classmethod
    def parse(cls, target: Mapping[str, str], where: str) -> Self:
        """Read a target's fields; raise `InvalidSource` or `InvalidPolicy` naming one.

        Group, version, kind, name and namespace are RE2 expressions of the whole.
        """
        return cls(
            tuple(
                (field, Expression.compile(rf"^(?:{target[field]})$", where=f"{where}.{field}"))
                for field in ("group", "version", "kind", "name", "namespace")
                if target.get(field)
            ),
            _requirements(target.get("labelSelector", ""), f"{where}.labelSelector"),
            _requirements(target.get("annotationSelector", ""), f"{where}.annotationSelector"),
        )

    def selects(self, resource: Mapping[str, Json]) -> bool:
        """Tell whether a resource is meant; without a namespace it is in ``default``."""
        metadata = resource.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        group, _, version = _text(resource.get("apiVersion")).rpartition("/")
        fields = {
            "group": group,
            "version": version,
            "kind": _text(resource.get("kind")),
            "name": _text(metadata.get("name")),
            "namespace": _text(metadata.get("namespace")) or "default",
        }
        return (
            all(expression.matches(fields[field]) for field, expression in self.expressions)
            and _meets(self.labels, metadata.get("labels"))
            and _meets(self.annotations, metadata.get("annotations"))
        )


def _meets(requirements: tuple[Requirement, ...], labels: Json) -> bool:
    known = labels if isinstance(labels, dict) else {}
    return all(requirement.allows(known) for requirement in requirements)


def _requirements(text: str, where: str) -> tuple[Requirement, ...]:
    found = []
    position = 0
    while text.strip() and position < len(text):
        part = _REQUIREMENT.match(text, position)
        sign = part and (part["sign"] or part["set"])
        if part is None or (part["absent"] and sign):
            raise InvalidSource(
                f"not a label selector: {text!r}; write key=value, key!=value, key in (a, b), key "
                "notin (a, b), key or !key, with commas between",
                where=where,
            )
        values = part["values"] if part["set"] else part["value"] or ""
        found.append(
            Requirement(
                part["key"],
                "!" if part["absent"] else (sign or "exists").replace("==", "="),
                frozenset(value.strip() for value in values.split(",")),
            )
        )
        position = part.end()
    return tuple(found)


def _number(value: Json) -> int | None:
    is_number = isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,19}", value)
    return int(value) if isinstance(value, str) and is_number else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
