"""``helmvalues``: the images in a values file of a chart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.value_path import found_value, parse_value_path, value_change
from cmp.core.yaml_change import UNCHANGED, Contradiction, joined
from cmp.errors import InvalidPolicy
from cmp.writeback.helm_parameters import parameters

if TYPE_CHECKING:
    from cmp.core.yaml_change import Change
    from cmp.core.yaml_tree import Node
    from cmp.writeback import Wanted
    from cmp.writeback.helm_parameters import Parameter


def change(root: Node | None, wanted: Wanted) -> Change:
    """Return the change of a values file; raise `InvalidPolicy` for a path that is none.

    A name that the file has without registry stays so: its chart adds one (argocd-image-updater,
    update.go marshalParamsOverride).
    """
    whole: Change = UNCHANGED
    for parameter in parameters(wanted.choices):
        alias = parameter.choice.image.alias
        try:
            steps = parse_value_path(parameter.name)
            there = found_value(root, steps)
            value = _short(parameter, there[1]) if there else parameter.value
            whole = joined(whole, value_change(there[0] if there else steps, value))
        except InvalidPolicy as error:
            raise error.within(f"image {alias}") from None
        except Contradiction as error:
            raise InvalidPolicy(
                f"{error} is meant to be another value, or to hold values; give it another "
                "helm.image-name, helm.image-tag or helm.image-spec",
                where=f"image {alias}: {parameter.name}",
            ) from None
    return whole


def header(_: Wanted) -> str:
    """Return what a new values file begins with."""
    return "# Written by argocd-image-cmp.\n"


def _short(parameter: Parameter, there: str) -> str:
    """Return the value without its registry, where what is ``there`` has none."""
    written = parameter.choice.image.repository.written
    if not parameter.value.startswith(written) or not there or _has_registry(there):
        return parameter.value
    return parameter.value.partition("/")[2] if _has_registry(written) else parameter.value


def _has_registry(name: str) -> bool:
    first, slash, _ = name.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
