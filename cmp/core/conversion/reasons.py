"""Why a source stays as it is: what no plugin can have, or what no native source can.

Facts: reference/argocd.md §1.5, §3, §7.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cmp.core.application import PLUGIN
from cmp.core.conversion.options import OPTIONS, SECTIONS, native_option
from cmp.core.envsubst import is_of_another_source
from cmp.core.keys import OWN_PARAMETERS, is_policy_key, nearest
from cmp.errors import InvalidApplication

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from cmp.core.conversion.sources import Owner
    from cmp.core.json_values import Json

_SET_THERE = re.compile(r"""\b(helm|kustomize|directory|plugin|sources)["']?\s*:""")


def why_whole(owner: Owner) -> str | None:
    """Return why none of an owner's sources can be converted, in either direction."""
    if owner.spec.get("sourceHydrator") is not None:
        return "spec.sourceHydrator: its dry source is rendered before a plugin could be asked"
    spec = owner.value.get("spec")
    if not owner.is_set or not isinstance(spec, dict):
        return None
    patch = spec.get("templatePatch")
    if isinstance(patch, str) and (found := _SET_THERE.search(patch)):
        return (
            f"spec.templatePatch sets {found[1]}, and is no YAML before Argo CD has filled it in; "
            "write it with the options that are wanted"
        )
    if any(_has_options(template) for template in _templates(spec.get("generators"))):
        return (
            "a generator's template sets options of the source, which are merged field by field "
            "natively and as a whole for a plugin; write them in spec.template"
        )
    return None


def why_part(source: dict[str, Json]) -> str | None:
    """Return why what may be a kustomize patch of a source has to stay as it is."""
    if source.get("repoURL"):
        return None
    return (
        "it has no repoURL: where it is a patch for kustomize, its list of parameters would "
        "replace that of what it patches; convert what kustomize builds"
    )


def why_native(source: dict[str, Json], variables: Container[str]) -> str | None:
    """Return why a native source has to stay one.

    ``variables`` are those that options may have. Raises `InvalidApplication` for options
    that Argo CD refuses.
    """
    sections = [name for name in SECTIONS if source.get(name) is not None]
    if len(sections) > 1:
        raise InvalidApplication(
            f"both {sections[0]} and {sections[1]}, of which Argo CD takes one; leave one out",
            where="spec.source",
        )
    for section in sections:
        options = source[section]
        if not isinstance(options, dict):
            raise InvalidApplication("not a mapping", where=f"spec.source.{section}")
        for field, value in options.items():
            if native_option(section, field) is None and (
                reason := _without_parameter(f"{section}.{field}", value, source)
            ):
                return reason
        if section == "helm" and (reason := _why_files(options, variables)):
            return reason
    return None


def why_plugin(plugin: Json) -> str | None:
    """Return why a source of our plugin has to stay one."""
    if not isinstance(plugin, dict):
        return "it is no mapping"
    if plugin.get("env"):
        return "plugin.env: a native source has no variables"
    listed = plugin.get("parameters") or []
    names = (
        [i.get("name") for i in listed if isinstance(i, dict)] if isinstance(listed, list) else []
    )
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        return f"the parameter {twice[0]} is there twice; leave one out"
    sections = sorted({OPTIONS[name].section for name in names if name in OPTIONS})
    if len(sections) > 1:
        return f"it has options of {' and '.join(sections)}, of which a native source takes one"
    for name in map(str, names):
        if name in OWN_PARAMETERS:
            return f"the parameter {name} has no native equivalent; take it out first"
        if name not in OPTIONS and not is_policy_key(name):
            raise InvalidApplication(
                f"no parameter {name!r}{nearest(name, OPTIONS)}", where="plugin.parameters"
            )
    return None


def is_ours(source: dict[str, Json]) -> bool:
    """Tell whether our plugin renders a source."""
    plugin = source.get("plugin")
    return isinstance(plugin, dict) and plugin.get("name") == PLUGIN


def is_reference(source: dict[str, Json]) -> bool:
    """Tell whether a source only has files for others, and renders nothing."""
    return bool(source.get("ref")) and not source.get("path") and not source.get("chart")


def _without_parameter(name: str, value: Json, source: dict[str, Json]) -> str | None:
    if name == "directory.jsonnet":
        is_set = isinstance(value, dict) and any(value.values())
        return "jsonnet is evaluated by Argo CD only" if is_set else None
    if name == "kustomize.version" and value:
        return f"{name}: Argo CD tells a plugin nothing of the versions that it has"
    if name == "helm.version" and value not in (None, "", "v3", "v4"):
        return f"{name}: the sidecar has one helm"
    if name == "helm.passCredentials" and value is True and source.get("chart"):
        return f"{name}: for a plugin Argo CD fetches a chart without it"
    return None


def _why_files(helm: dict[str, Json], variables: Container[str]) -> str | None:
    files = helm.get("valueFiles")
    parameters = helm.get("fileParameters")
    named = [*(files if isinstance(files, list) else ())]
    if isinstance(parameters, list):
        named += [item.get("path") for item in parameters if isinstance(item, dict)]
    for name in named:
        if isinstance(name, str) and is_of_another_source(name, variables):
            return f"{name!r} is of another source, and Argo CD gives a plugin no other source"
    return None


def _templates(generators: Json) -> Iterator[Json]:
    """Yield the templates of generators, and of those in matrix and merge generators."""
    waiting = [generators]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if "template" in node:
                yield node["template"]
            waiting += [one for name, one in node.items() if name not in ("template", "elements")]


def _has_options(template: Json) -> bool:
    spec = template.get("spec") if isinstance(template, dict) else None
    if not isinstance(spec, dict):
        return False
    listed = spec.get("sources")
    sources = [spec.get("source"), *(listed if isinstance(listed, list) else ())]
    return any(isinstance(s, dict) and s.keys() & {*SECTIONS, "plugin"} for s in sources)
