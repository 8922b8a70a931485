"""Helm charts: ``helm template`` as Argo CD's repo-server calls it.

Arguments and their order: reference/argocd.md §5 (argo-cd, util/helm/cmd.go).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.errors import CmpError, InvalidSource, RenderRefused, ToolFailed, excerpt
from cmp.renderers.helm_options import HELM_OPTIONS
from cmp.renderers.helm_sets import set_arguments
from cmp.renderers.options import array, is_set, mapping, text
from cmp.renderers.process import run

if TYPE_CHECKING:
    from cmp.renderers import Job

OPTIONS = tuple(option.name for option in HELM_OPTIONS)

_STDIN = "-"  # as helm calls it
# `helm template` reads in its homes, and makes none. In /proc nobody can, root neither.
_NOWHERE = "/proc/nonexistent"
# helm's advice below the error of a template; nobody can give helm a flag here.
_ADVICE = "\n\nUse --debug flag to render out invalid YAML"
# What helm says when charts/ lacks what the chart depends on (argo-cd, util/helm/helm.go).
_MISSING_DEPENDENCY = (
    "found in requirements.yaml, but missing in charts",
    "found in Chart.yaml, but missing in charts/ directory",
)


def render(job: Job) -> bytes:
    """Render the chart with the chosen images set as strings."""
    job = job._replace(env={**job.env, **homes(_NOWHERE)})
    try:
        return _template(job)
    except RenderRefused as error:
        raise _in_the_owners_words(job, error) from None


def arguments(job: Job) -> list[str]:
    """Return what follows ``helm``; raise `InvalidSource` for an option it cannot be given.

    The values that the Application holds itself are for its standard input.
    """
    request = job.request
    given = request.parameters
    # The instance of an Application outside the control plane's namespace is <namespace>_<name>.
    name = request.instance.partition("_")[2] or request.instance
    argv = ["template", ".", "--name-template", text(given, "helm.releaseName") or name]
    namespace = text(given, "helm.namespace") or request.namespace
    if namespace:
        argv += ["--namespace", namespace]
    kube_version = kubernetes_version(text(given, "helm.kubeVersion") or request.kube_version)
    if kube_version:
        argv += ["--kube-version", kube_version]
    argv += set_arguments(job)
    for file in (*_value_files(job), *((_STDIN,) if _inline(job)[1] else ())):
        argv += ["--values", file]
    for version in array(given, "helm.apiVersions") or request.api_versions:
        argv += ["--api-versions", version]
    return argv + _switches(job)


def _switches(job: Job) -> list[str]:
    given = job.request.parameters
    argv = [] if is_set(given, "helm.skipCrds") else ["--include-crds"]
    if is_set(given, "helm.skipSchemaValidation"):
        argv.append("--skip-schema-validation")
    if is_set(given, "helm.skipTests"):
        argv.append("--skip-tests")
    return argv


def _in_the_owners_words(job: Job, error: RenderRefused) -> CmpError:
    option, values = _inline(job)
    message = error.message.removesuffix(_ADVICE)
    if values:
        message = message.replace(f"failed to parse {_STDIN}: ", f"failed to parse {option}: ", 1)
    given = job.request.parameters
    files = (*array(given, "helm.valueFiles"), *mapping(given, "helm.fileParameters").values())
    if any("://" in file and file in message for file in files):
        return ToolFailed(message, where=error.where)
    return RenderRefused(message, where=error.where)


def _template(job: Job) -> bytes:
    values = _inline(job)[1]
    try:
        return run(job, ["helm", *arguments(job)], stdin=values)
    except RenderRefused as error:
        if not any(said in error.message for said in _MISSING_DEPENDENCY):
            raise
    from cmp.renderers.helm_dependencies import with_dependencies

    with with_dependencies(job) as built:
        return run(built, ["helm", *arguments(built)], stdin=values)


def homes(home: str) -> dict[str, str]:
    """Return what keeps this run apart from all others: no plugin, no repository, no login."""
    return {f"HELM_{name}_HOME": os.path.join(home, name) for name in ("CACHE", "CONFIG", "DATA")}


def _inline(job: Job) -> tuple[str, str]:
    """Return the option that holds the Application's own values, and the values."""
    given = job.request.parameters
    plain, whole = text(given, "helm.values"), text(given, "helm.valuesObject")
    return ("helm.valuesObject", whole) if whole else ("helm.values", plain)


def _value_files(job: Job) -> tuple[str, ...]:
    written = array(job.request.parameters, "helm.valueFiles")
    is_lenient = is_set(job.request.parameters, "helm.ignoreMissingValueFiles")
    if not written:
        return ()
    from cmp.renderers.value_files import value_files

    return value_files(job, written, ignore_missing=is_lenient)


def kubernetes_version(written: str) -> str:
    """Return ``1.30.11`` for ``v1.30.11+IKS``: as many numbers as given, two at least.

    What follows the numbers does not count (k8s.io/apimachinery, util/version ParseGeneric).
    """
    if not written:
        return ""
    import re

    match = re.match(r"\s*v?([0-9]+(?:\.[0-9]+)+)", written, re.ASCII)
    if match is None:
        raise InvalidSource(
            f"could not parse kubernetes version {excerpt(written)}; write it as 1.30.2",
            where="helm.kubeVersion",
        )
    return match[1]
