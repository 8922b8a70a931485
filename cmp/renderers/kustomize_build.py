"""``kustomize build``: with the sidecar's build options, and nothing that runs foreign code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cmp.renderers import Job

SETTING = "CMP_KUSTOMIZE_BUILD_OPTIONS"
_ENABLE_HELM = "--enable-helm"
_ELSEWHERE = "https:http:ssh:git"
"""Of remote bases. kustomize hands a ref to git as it is written, and of a repository on this
machine git would start what ``?ref=--upload-pack=…`` names (GHSA-9v9p-x54c-58gc)."""
_RUNS_CODE = (
    "it would run programs that an Application's repository brings; leave it out, "
    "and leave what needs it native"
)
_NO_OUTPUT = "it would print no manifests; leave it out"
_REFUSED = {
    "--enable-exec": _RUNS_CODE,
    "--enable-alpha-plugins": _RUNS_CODE,
    "--enable-star": _RUNS_CODE,
    "--output": _NO_OUTPUT,
    "-o": _NO_OUTPUT,
    "--help": _NO_OUTPUT,
    "-h": _NO_OUTPUT,
}


def build_arguments(
    directory: str, build_options: str, kube_version: str, api_versions: Sequence[str]
) -> list[str]:
    """Return what follows ``kustomize``; the versions are for Helm charts, where enabled."""
    argv = ["build", directory, *build_options.split()]
    if inflates_charts(build_options):
        if kube_version:
            argv += ["--helm-kube-version", kube_version]
        for version in api_versions:
            argv += ["--helm-api-versions", version]
    return argv


def inflates_charts(build_options: str) -> bool:
    """Tell whether Argo CD takes the options to enable Helm charts."""
    return _ENABLE_HELM in build_options


def check_build_options(build_options: str, root: str) -> None:
    """Raise `InvalidSource` for what runs code of a repository, or prints nothing."""
    words = build_options.split()
    for word, following in zip(words, (*words, "")[1:], strict=True):
        name, _, value = word.partition("=")
        name = name if name.startswith("--") else name[:2]
        if name in _REFUSED:
            raise InvalidSource(f"{word} is refused: {_REFUSED[name]}", where=SETTING)
        if name == "--helm-command":
            _check_helm(value or following, root)


def _check_helm(command: str, root: str) -> None:
    """Refuse a relative path, which begins in the repository, and one below its root."""
    is_below = os.path.realpath(command).startswith(os.path.realpath(root) + os.sep)
    if "/" in command and (is_below or not os.path.isabs(command)):
        raise InvalidSource(
            f"--helm-command {command} is refused: it may lie in an Application's repository; "
            "give the absolute path of the sidecar's own",
            where=SETTING,
        )


def build_environment(job: Job, build_options: str) -> Mapping[str, str]:
    """Return what kustomize, and what it starts, find in their environment.

    A kustomization can name the home of Helm's configuration in its own repository, and Helm
    would start the plugins in it: they are looked for elsewhere. kustomize hands the ref of a
    remote base to Git as an argument, and Git would start what ``--upload-pack`` names there,
    unless the base is on another machine.
    """
    env = {"GIT_ALLOW_PROTOCOL": _ELSEWHERE, **job.env, **job.request.variables}
    if inflates_charts(build_options) and not env.get("HELM_PLUGINS"):
        env["HELM_PLUGINS"] = os.devnull
    return env
