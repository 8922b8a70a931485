"""Which cluster and namespaces a refresher serves, and how fast."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from cmp.core.duration import parse_duration
from cmp.errors import InvalidInput
from cmp.refresh.address import Address
from cmp.settings import setting

if TYPE_CHECKING:
    from argparse import Namespace

DEFAULT_INTERVAL = "2m"
DEFAULT_AT_ONCE = "10"
DEFAULT_FORGET_AFTER = "24h"
DEFAULT_ACK_WAIT = "20s"
OFF, REPORT, ON = ("off", "report", "on")
NATIVE = (OFF, REPORT, ON)
"""What is done with native Applications; by default `REPORT`."""
_SHORTEST_INTERVAL = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Scope:
    """The settings of a refresher in a cluster."""

    control_plane: str
    application_namespaces: tuple[str, ...]
    """Where Applications may be, besides the control plane's namespace."""
    interval: timedelta
    at_once: int
    """Applications that are told of a change at a time."""
    forget_after: timedelta
    """How long what is known of an Application or repository that is gone is kept."""
    ack_wait: timedelta
    """How long mirrors are waited for before Argo CD is told."""
    refresh_on_upgrade: bool
    """Whether all Applications are rendered anew after a change of what renders them."""
    dry_run: bool
    native: str = REPORT
    """One of `NATIVE`."""
    beside_updater: bool = False
    """Native Applications are written though an argocd-image-updater may write them, too."""
    updater_namespace: str = ""
    """Where an argocd-image-updater may be, besides the control plane's namespace."""
    webhook: Address | None = None
    """Where pushes are told to us."""
    webhook_secret: str = field(default="", repr=False)
    metrics: Address | None = None
    """Where health and metrics are read."""

    @classmethod
    def read(cls, args: "Namespace", env: Mapping[str, str], namespace: str) -> "Scope":
        """Read flags and variables; ``namespace`` is the Pod's own, or empty.

        Raises `InvalidInput` naming the setting.
        """
        webhook = _address(args.webhook_address, env, "CMP_WEBHOOK_ADDRESS")
        secret = setting(None, env, "CMP_WEBHOOK_SECRET")
        if webhook and not secret:
            raise InvalidInput(
                "webhooks are not served without a secret; set it, and give it to the senders",
                where="CMP_WEBHOOK_SECRET",
            )
        others = setting(args.application_namespaces, env, "CMP_APPLICATION_NAMESPACES")
        return cls(
            control_plane=control_plane(args.argocd_namespace, env, namespace),
            application_namespaces=_names(others),
            interval=_interval(setting(args.interval, env, "CMP_INTERVAL", DEFAULT_INTERVAL)),
            forget_after=_duration(
                setting(args.forget_after, env, "CMP_FORGET_AFTER", DEFAULT_FORGET_AFTER),
                "CMP_FORGET_AFTER",
            ),
            ack_wait=_duration(
                setting(args.ack_wait, env, "CMP_ACK_WAIT", DEFAULT_ACK_WAIT), "CMP_ACK_WAIT"
            ),
            at_once=_count(
                setting(args.poke_concurrency, env, "CMP_POKE_CONCURRENCY", DEFAULT_AT_ONCE)
            ),
            refresh_on_upgrade=_bool(
                setting(args.refresh_on_upgrade, env, "CMP_REFRESH_ON_UPGRADE", "true"),
                "CMP_REFRESH_ON_UPGRADE",
            ),
            dry_run=args.dry_run,
            native=_native(setting(args.native, env, "CMP_NATIVE", REPORT)),
            beside_updater=_bool(
                setting(args.native_beside_updater, env, "CMP_NATIVE_BESIDE_UPDATER", "false"),
                "CMP_NATIVE_BESIDE_UPDATER",
            ),
            updater_namespace=_namespace(
                setting(args.updater_namespace, env, "CMP_UPDATER_NAMESPACE"),
                "CMP_UPDATER_NAMESPACE",
            ),
            webhook=webhook,
            webhook_secret=secret,
            metrics=_address(args.metrics_address, env, "CMP_METRICS_ADDRESS"),
        )


def _address(flag: str | None, env: Mapping[str, str], name: str) -> Address | None:
    text = setting(flag, env, name)
    return Address.parse(text, name) if text else None


def control_plane(flag: str | None, env: Mapping[str, str], namespace: str) -> str:
    """Return the namespace of Argo CD's control plane; ``namespace`` is our own, or empty."""
    found = setting(flag, env, "CMP_ARGOCD_NAMESPACE", namespace)
    if not found:
        raise InvalidInput(
            "the namespace of Argo CD's control plane is not known; "
            "name it with --argocd-namespace or CMP_ARGOCD_NAMESPACE"
        )
    return found


def _names(text: str) -> tuple[str, ...]:
    names = (name.strip() for name in text.split(",") if name.strip())
    return tuple(
        _namespace(
            name,
            "CMP_APPLICATION_NAMESPACES",
            "each, without patterns, and apply kustomize/application-namespace there",
        )
        for name in names
    )


def _namespace(name: str, where: str, way_out: str = "one") -> str:
    if not all(char.isascii() and (char.isalnum() or char == "-") for char in name):
        raise InvalidInput(f"not the name of a namespace: {name!r}; name {way_out}", where=where)
    return name


def _native(text: str) -> str:
    if text not in NATIVE:
        raise InvalidInput(f"not {text!r}; use one of: {', '.join(NATIVE)}", where="CMP_NATIVE")
    return text


def _duration(text: str, where: str) -> timedelta:
    try:
        return parse_duration(text)
    except InvalidInput as error:
        raise error.within(where) from None


def _interval(text: str) -> timedelta:
    interval = _duration(text, "CMP_INTERVAL")
    if interval < _SHORTEST_INTERVAL:
        raise InvalidInput(
            f"{text!r} is too short for the registries; write 1s or more", where="CMP_INTERVAL"
        )
    return interval


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise InvalidInput(f"not a number from 1 on: {text!r}", where="CMP_POKE_CONCURRENCY")
    return int(text)


def _bool(text: str, where: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidInput(f"{text!r} is neither true nor false", where=where)
    return text == "true"
