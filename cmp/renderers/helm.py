"""Helm charts: ``helm template`` as Argo CD's repo-server calls it.

Arguments and their order: reference/argocd.md §5 (argo-cd, util/helm/cmd.go).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.injection import helm_parameters
from cmp.errors import InvalidSource
from cmp.renderers.paths import inside
from cmp.renderers.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmp.core.parameters import Value
    from cmp.renderers import Job

OPTIONS = (
    "helm.valueFiles",
    "helm.releaseName",
    "helm.namespace",
    "helm.kubeVersion",
    "helm.apiVersions",
)

_GLOB = frozenset("*?[")


def render(job: Job) -> bytes:
    """Render the chart with the chosen images set as strings."""
    return run(["helm", *arguments(job)], cwd=job.directory, env=job.env)


def arguments(job: Job) -> list[str]:
    """Return what follows ``helm``; raise `InvalidSource` for an option it cannot be given."""
    request = job.request
    given = request.parameters
    # The instance of an Application outside the control plane's namespace is <namespace>_<name>.
    name = request.instance.partition("_")[2] or request.instance
    argv = ["template", ".", "--name-template", _text(given, "helm.releaseName") or name]
    namespace = _text(given, "helm.namespace") or request.namespace
    if namespace:
        argv += ["--namespace", namespace]
    kube_version = kubernetes_version(_text(given, "helm.kubeVersion") or request.kube_version)
    if kube_version:
        argv += ["--kube-version", kube_version]
    for parameter, value in _image_parameters(job).items():
        argv += ["--set-string", f"{parameter}={value}"]
    for file in _list(given, "helm.valueFiles"):
        argv += ["--values", _value_file(job, file)]
    for version in _list(given, "helm.apiVersions") or request.api_versions:
        argv += ["--api-versions", version]
    return [*argv, "--include-crds"]


def _image_parameters(job: Job) -> dict[str, str]:
    """Return the parameters of all images; raise `InvalidSource` when two set the same."""
    values: dict[str, str] = {}
    owners: dict[str, str] = {}
    for choice in job.choices:
        alias = choice.image.alias
        for parameter, value in helm_parameters(choice):
            if parameter in owners:
                raise InvalidSource(
                    f"images {owners[parameter]} and {alias} both set {parameter}; give each its "
                    f"own with {alias}.helm.image-name and {alias}.helm.image-tag",
                    where="helm",
                )
            owners[parameter] = alias
            values[parameter] = value
    return values


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
            f"could not parse kubernetes version {written!r}; write it as 1.30.2",
            where="helm.kubeVersion",
        )
    return match[1]


def _value_file(job: Job, written: str) -> str:
    name = written
    if "$" in written:
        from cmp.core.envsubst import envsubst

        name = envsubst(written, job.request.variables)
    where = "helm.valueFiles"
    if written.startswith("$") and "/" in written and not name.split("/")[0]:
        raise InvalidSource(
            f"{written!r} is of another source, and Argo CD gives a plugin no other source; "
            "keep the values beside the chart, or leave this Application native",
            where=where,
        )
    if "://" in name or _GLOB & set(name):
        raise InvalidSource(
            f"{written!r}: only files of the repository, named one by one, can be given yet",
            where=where,
        )
    if "," in name or '"' in name:
        raise InvalidSource(
            f"{written!r} holds a comma or a quote, by which helm tells several files apart; "
            "rename the file, or list each by itself",
            where=where,
        )
    return inside(job.root, job.directory, name, what=where)


def _text(given: Mapping[str, Value], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise InvalidSource("give it as string", where=f"parameter {name}")
    return value


def _list(given: Mapping[str, Value], name: str) -> tuple[str, ...]:
    value = given.get(name, ())
    if isinstance(value, tuple):
        return value
    raise InvalidSource("give it as array", where=f"parameter {name}")
