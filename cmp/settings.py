"""Settings and what Argo CD passes: the only reader of the environment.

A flag ``--some-setting`` and the variable ``CMP_SOME_SETTING`` are the same thing; the
flag wins.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.parameters import parse_parameters
from cmp.core.record import SourceId, without_credentials
from cmp.errors import InvalidApplication, InvalidSource, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from cmp.core.application import Application, Source
    from cmp.core.parameters import Value

DEFAULT_INDEX = "file:///var/lib/image-cmp/index"
DEFAULT_DEADLINE_S = 50.0
"""Argo CD waits 60 s, of which fetching and sending the repository takes a part."""
_LONGEST_S = 86400
_MOST_RENDERS = 1000


def environment() -> Mapping[str, str]:
    """Return this process's environment, to be handed on as a value."""
    return os.environ  # noqa: TID251 - the one place


def setting(flag: str | None, env: Mapping[str, str], name: str, default: str = "") -> str:
    """Return what a flag says, else the variable ``name``, else ``default``."""
    return flag or env.get(name) or default


def is_offline(env: Mapping[str, str]) -> bool:
    """Return whether ``CMP_OFFLINE`` forbids what is rendered to be fetched from elsewhere."""
    value = setting(None, env, "CMP_OFFLINE", "false")
    if value not in ("true", "false"):
        raise InvalidSource(f"{value!r} is neither true nor false", where="CMP_OFFLINE")
    return value == "true"


def render_concurrency(env: Mapping[str, str]) -> int | None:
    """Return how many may render at once, where ``CMP_RENDER_CONCURRENCY`` says so."""
    value = setting(None, env, "CMP_RENDER_CONCURRENCY")
    if not value:
        return None
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= _MOST_RENDERS):
        raise InvalidSource(
            f"not a number of renders: {excerpt(value)}; write 1 or more",
            where="CMP_RENDER_CONCURRENCY",
        )
    return int(value)


def render_deadline(env: Mapping[str, str]) -> float:
    """Return the seconds that ``CMP_RENDER_DEADLINE`` gives a render."""
    value = setting(None, env, "CMP_RENDER_DEADLINE")
    if not value:
        return DEFAULT_DEADLINE_S
    from cmp.core.duration import parse_duration
    from cmp.errors import InvalidInput

    try:
        seconds = parse_duration(value).total_seconds()
    except InvalidInput as error:
        raise InvalidSource(error.message, where="CMP_RENDER_DEADLINE") from None
    if not 0 < seconds <= _LONGEST_S:
        raise InvalidSource(
            f"{excerpt(value)} is no time to render in; write a duration as 50s, of a day at most",
            where="CMP_RENDER_DEADLINE",
        )
    return seconds


class RenderRequest(NamedTuple):
    """What is to be rendered: the environment Argo CD gives a plugin, as a value.

    Source of names and meanings: reference/argocd.md §1.5.
    """

    instance: str
    namespace: str
    kube_version: str
    api_versions: tuple[str, ...]
    source: SourceId
    parameters: Mapping[str, Value]
    variables: Mapping[str, str]
    """What ``$NAME`` in options stands for."""

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read ``ARGOCD_*`` and ``KUBE_*``; raise `InvalidApplication` when they are not there."""
        if "ARGOCD_APP_NAME" not in env:
            raise InvalidApplication(
                "not started by Argo CD (ARGOCD_APP_NAME is not set); "
                "name an Application manifest with --application FILE"
            )
        return cls(
            instance=env["ARGOCD_APP_NAME"],
            namespace=env.get("ARGOCD_APP_NAMESPACE", ""),
            kube_version=env.get("KUBE_VERSION", ""),
            api_versions=tuple(v for v in env.get("KUBE_API_VERSIONS", "").split(",") if v),
            source=SourceId(
                repo_url=without_credentials(env.get("ARGOCD_APP_SOURCE_REPO_URL", "")),
                path=env.get("ARGOCD_APP_SOURCE_PATH", ""),
                target_revision=env.get("ARGOCD_APP_SOURCE_TARGET_REVISION", ""),
            ),
            parameters=_parameters(env.get("ARGOCD_APP_PARAMETERS", "")),
            variables={name: env[name] for name in VARIABLES if name in env},
        )

    @classmethod
    def from_application(
        cls, application: Application, source: Source, env: Mapping[str, str]
    ) -> Self:
        """Return what Argo CD would ask for, from an Application's manifest.

        What only a cluster knows (its version and APIs, the revision) comes from the
        environment as Argo CD would set it, or stays empty.
        """
        instance = application.instance(env.get("CMP_ARGOCD_NAMESPACE", ""))
        own = {
            "ARGOCD_APP_NAME": instance,
            "ARGOCD_APP_NAMESPACE": application.destination_namespace,
            "ARGOCD_APP_SOURCE_REPO_URL": source.id.repo_url,
            "ARGOCD_APP_SOURCE_PATH": source.id.path,
            "ARGOCD_APP_SOURCE_TARGET_REVISION": source.id.target_revision,
        }
        request = cls.from_environment({**env, **own, "ARGOCD_APP_PARAMETERS": ""})
        return request._replace(source=source.id, parameters=source.parameters)


VARIABLES = (
    "ARGOCD_APP_NAME",
    "ARGOCD_APP_NAMESPACE",
    "ARGOCD_APP_PROJECT_NAME",
    "ARGOCD_APP_REVISION",
    "ARGOCD_APP_REVISION_SHORT",
    "ARGOCD_APP_REVISION_SHORT_8",
    "ARGOCD_APP_SOURCE_REPO_URL",
    "ARGOCD_APP_SOURCE_PATH",
    "ARGOCD_APP_SOURCE_TARGET_REVISION",
)
"""What Argo CD itself substitutes in native options (argo-cd, types.go Env of an Application)."""


def _parameters(text: str) -> dict[str, Value]:
    import json

    try:
        return parse_parameters(json.loads(text) if text else None)
    except (ValueError, RecursionError) as error:  # the latter: brackets without end
        raise InvalidApplication(f"not JSON: {error}", where="ARGOCD_APP_PARAMETERS") from None
