"""What is known of an installation when it is diagnosed, and of what it is not known, and why."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from cmp.index import Acknowledged, Manifest

Object = Mapping[str, Any]
"""Anything the API server has, as JSON."""
_NONE: Mapping[str, Any] = MappingProxyType({})

INTERVAL = timedelta(minutes=2)
"""Of passes, where nothing says another (contract.md, CMP_INTERVAL)."""
REFRESHER = "image-cmp-refresher"
"""Its Deployment, its account and its Lease (contract.md)."""
INSTRUCTIONS = "image-cmp-instructions"
"""The ConfigMap with what people said."""


class Unread(NamedTuple):
    """Why something is not known."""

    why: str
    is_silence: bool = False
    """It did not answer: later it may. Otherwise it answered, and does not tell us."""


class Right(NamedTuple):
    """Whether somebody may do something (authorization.k8s.io, ResourceAttributes)."""

    namespace: str
    verb: str
    group: str
    resource: str
    name: str = ""
    is_allowed: bool = False

    def __str__(self) -> str:
        """Return it in the words of RBAC."""
        name = f" {self.name}" if self.name else ""
        return f"{self.verb} {self.resource}{name} in {self.namespace}"


class Trigger(NamedTuple):
    """A trigger of argocd-notifications-cm."""

    name: str
    once_per: tuple[str, ...]
    """Of each of its conditions that has it."""


class LeftOver(NamedTuple):
    """A ``.argocd-source*.yaml`` in a checkout."""

    path: str
    folder: str
    """From the root of the repository, as an Application names it."""
    application: str
    """Of the one that alone it is for; empty where it is for each that renders there."""
    keys: tuple[str, ...]
    """Its first level: ``helm``, ``kustomize``, ``plugin`` …"""


class Facts(NamedTuple):
    """All that checks look at; ``unread`` says of which field the value means nothing."""

    now: datetime
    control_plane: str = ""
    unread: Mapping[str, Unread] = _NONE
    interval: timedelta = INTERVAL
    workloads: tuple[Object, ...] = ()
    """Deployments and StatefulSets of the control plane's namespace."""
    settings: Mapping[str, str] = _NONE
    """The ConfigMap argocd-cmd-params-cm."""
    argocd_cm: Mapping[str, str] = _NONE
    ours: Mapping[str, str] = _NONE
    """The ConfigMap image-cmp-config."""
    plugins: Mapping[str, Object] = _NONE
    """What plugin.yaml says in each ConfigMap that a container of repo-server mounts as that."""
    triggers: tuple[Trigger, ...] = ()
    applications: tuple[Object, ...] = ()
    updaters: tuple[Object, ...] = ()
    """Deployments of argocd-image-updater."""
    image_updaters: tuple[Object, ...] = ()
    """Its custom resources."""
    lease: Object | None = None
    rights: tuple[Right, ...] = ()
    """The refresher's, of all that it needs."""
    own_rights: tuple[Right, ...] = ()
    """Of whoever asks, to say something of images."""
    may_read_secrets: bool = False
    """The refresher, all of the control plane's."""
    manifest: "Manifest | None" = None
    mirrors: "tuple[Acknowledged, ...]" = ()
    left_over: tuple[LeftOver, ...] = ()
