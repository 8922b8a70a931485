"""COMMAND  Lists the registries, decides, publishes the index, and tells Argo CD.

Applications are watched in a cluster, or come from files; then one pass is made.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cmp.core.duration import parse_duration
from cmp.errors import CmpError, InvalidInput
from cmp.index import open_index
from cmp.settings import DEFAULT_INDEX, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cmp.index.protocols import Store
    from cmp.registry.configuration import Registries
_LEVELS = ("debug", "info", "warning", "error")
_DEFAULT_INTERVAL = "2m"
_SHORTEST_INTERVAL = timedelta(seconds=1)
_DEFAULT_AT_ONCE = "10"


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    parser.add_argument("--once", action="store_true", help="make one pass over files and end")
    parser.add_argument(
        "--applications",
        metavar="PATH",
        help="a file or folder of Application manifests, instead of a cluster",
    )
    parser.add_argument("--registries", metavar="FILE", help="registries.conf, as users have it")
    parser.add_argument(
        "--store", metavar="URL", help=f"where the index is kept (default: {DEFAULT_INDEX})"
    )
    parser.add_argument("--dry-run", action="store_true", help="decide and log, write nothing")
    parser.add_argument(
        "--argocd-namespace",
        metavar="NAME",
        help="the namespace of Argo CD's control plane (default: the Pod's own)",
    )
    parser.add_argument(
        "--application-namespaces",
        metavar="A,B",
        help="other namespaces with Applications, as Argo CD's setting of that name",
    )
    parser.add_argument(
        "--kubeconfig", metavar="FILE", help="the cluster to watch, where it is not the Pod's own"
    )
    parser.add_argument(
        "--interval",
        metavar="D",
        help=f"between two listings of a repository (default: {_DEFAULT_INTERVAL})",
    )
    parser.add_argument(
        "--poke-concurrency",
        metavar="N",
        help=f"Applications told of a change at a time (default: {_DEFAULT_AT_ONCE})",
    )
    parser.add_argument("--log-level", choices=_LEVELS, help="default: info")


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Serve a cluster, or make one pass over files.

    Exit status of a pass: 1 when something did not answer, 2 when input is wrong.
    """
    from cmp import log
    from cmp.registry.registries_file import read_registries

    level = setting(args.log_level, env, "CMP_LOG_LEVEL", "info")
    if level not in _LEVELS:
        known = ", ".join(_LEVELS)
        raise InvalidInput(f"no level {level!r}; use one of: {known}", where="CMP_LOG_LEVEL")
    log.setup(level)
    files = setting(args.applications, env, "CMP_APPLICATIONS")
    if bool(files) != args.once:
        raise InvalidInput(
            "one pass is made over files, and a cluster is served until the end: write "
            "refresh --once --applications FILE --store file://DIR, or neither of the two"
        )
    registries = read_registries(setting(args.registries, env, "CMP_REGISTRIES"))
    store = open_index(setting(args.store, env, "CMP_STORE", DEFAULT_INDEX))
    if files:
        return _once(args, env, now, files, registries, store)
    return _serve(args, env, registries, store)


def _once(  # noqa: PLR0913, PLR0917 - what `main` has read, once each
    args: "Namespace",
    env: Mapping[str, str],
    now: datetime,
    files: str,
    registries: "Registries",
    store: "Store",
) -> int:
    from cmp.manifest_file import read_applications
    from cmp.refresh import cycle
    from cmp.refresh.listing import RegistryAccess
    from cmp.refresh.plan import plan
    from cmp.refresh.state import StoreState

    for note in registries.notes:
        cycle.log.warning("key ignored", extra={"reason": note})
    control_plane = setting(args.argocd_namespace, env, "CMP_ARGOCD_NAMESPACE")
    unread: list[CmpError] = []
    plans = plan(read_applications(files, unread.append), control_plane)
    held = nullcontext() if args.dry_run else store.writing()
    with held, RegistryAccess(registries, env, _progress) as access:
        asked = cycle.Pass(plans, now)
        summary, _ = cycle.run(asked, access, store, StoreState(store), dry_run=args.dry_run)
    for error in unread:
        summary.problem(error)
    cycle.log.info("refreshed", extra=summary.counts)
    return 2 if summary.invalid else 1 if summary.unanswered else 0


def _serve(
    args: "Namespace", env: Mapping[str, str], registries: "Registries", store: "Store"
) -> int:
    import signal

    from cmp.refresh import cycle
    from cmp.refresh.cluster import connect
    from cmp.refresh.controller import Controller, Scope
    from cmp.refresh.listing import RegistryAccess

    for note in registries.notes:
        cycle.log.warning("key ignored", extra={"reason": note})
    cluster, namespace = connect(setting(args.kubeconfig, env, "KUBECONFIG"))
    control_plane = setting(args.argocd_namespace, env, "CMP_ARGOCD_NAMESPACE", namespace)
    if not control_plane:
        raise InvalidInput(
            "the namespace of Argo CD's control plane is not known; "
            "name it with --argocd-namespace or CMP_ARGOCD_NAMESPACE"
        )
    scope = Scope(
        control_plane=control_plane,
        application_namespaces=_names(
            setting(args.application_namespaces, env, "CMP_APPLICATION_NAMESPACES")
        ),
        interval=_interval(setting(args.interval, env, "CMP_INTERVAL", _DEFAULT_INTERVAL)),
        at_once=_count(
            setting(args.poke_concurrency, env, "CMP_POKE_CONCURRENCY", _DEFAULT_AT_ONCE)
        ),
        dry_run=args.dry_run,
    )
    held = nullcontext() if args.dry_run else store.writing()
    with held, RegistryAccess(registries, env, _no_progress) as access:
        controller = Controller(cluster, access, store, scope)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: controller.stop())
        controller.run()
    return 0


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if not all(char.isascii() and (char.isalnum() or char == "-") for char in name):
            raise InvalidInput(
                f"not the name of a namespace: {name!r}; name each, without patterns, and apply "
                "kustomize/application-namespace there",
                where="CMP_APPLICATION_NAMESPACES",
            )
    return names


def _interval(text: str) -> timedelta:
    try:
        interval = parse_duration(text)
    except InvalidInput as error:
        raise error.within("CMP_INTERVAL") from None
    if interval < _SHORTEST_INTERVAL:
        raise InvalidInput(
            f"{text!r} is too short: registries are to last; write 1s or more", where="CMP_INTERVAL"
        )
    return interval


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InvalidInput(f"not a number from 1 on: {text!r}", where="CMP_POKE_CONCURRENCY")
    return int(text)


def _progress(what: str, count: int) -> Callable[[], object]:
    """Show a bar while ``count`` things are done, where a person is watching."""
    from tqdm import tqdm

    return tqdm(total=count, desc=what, leave=False, disable=None).update


def _no_progress(_: str, __: int) -> Callable[[], object]:
    return lambda: None
