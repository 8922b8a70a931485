"""COMMAND  Lists the registries, decides, publishes the index, and tells Argo CD.

Applications are watched in a cluster, or come from files; then one pass is made.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from cmp.errors import CmpError, IndexUnavailable, InvalidInput
from cmp.index import open_index
from cmp.settings import DEFAULT_INDEX, setting

if TYPE_CHECKING:
    import threading
    from argparse import ArgumentParser, Namespace

    from cmp.index.protocols import Store
    from cmp.refresh.controller import Controller
    from cmp.refresh.instruments import Instruments
    from cmp.refresh.scope import Scope

_TAKE_OVER_WITHIN_S = 15.0
"""Longer than a store remembers a writer that died."""
_TAKE_OVER_EVERY_S = 0.5
_LEVELS = ("debug", "info", "warning", "error")
_FORMATS = ("logfmt", "json")


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
    from cmp.refresh.scope import (
        DEFAULT_ACK_WAIT,
        DEFAULT_AT_ONCE,
        DEFAULT_FORGET_AFTER,
        DEFAULT_INTERVAL,
    )

    parser.add_argument("--once", action="store_true", help="make one pass and end")
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
        help=f"between two listings of a repository (default: {DEFAULT_INTERVAL})",
    )
    parser.add_argument(
        "--poke-concurrency",
        metavar="N",
        help=f"Applications told of a change at a time (default: {DEFAULT_AT_ONCE})",
    )
    parser.add_argument(
        "--ack-wait",
        metavar="D",
        help="how long the mirrors are waited for before Argo CD is told "
        f"(default: {DEFAULT_ACK_WAIT})",
    )
    parser.add_argument(
        "--forget-after",
        metavar="D",
        help="how long what is known of an Application or repository that is gone is kept "
        f"(default: {DEFAULT_FORGET_AFTER})",
    )
    parser.add_argument(
        "--webhook-address",
        metavar="A",
        help="where registries tell of pushes, as :8082; the secret is in CMP_WEBHOOK_SECRET "
        "(default: nowhere)",
    )
    parser.add_argument(
        "--metrics-address",
        metavar="A",
        help="where health and metrics are read, as :8081 (default: nowhere)",
    )
    parser.add_argument(
        "--refresh-on-upgrade",
        metavar="BOOL",
        help="after a change of plugin, helm or kustomize in all mirrors' Pods, have all "
        "Applications rendered anew, one each 2 s (default: true)",
    )
    parser.add_argument(
        "--native",
        metavar="MODE",
        help="Applications that the plugin does not render and that have an image-list: off, "
        "report what would change (default), or on: write it into their specs",
    )
    parser.add_argument(
        "--native-beside-updater",
        metavar="BOOL",
        help="with --native on: though an argocd-image-updater may write the same (default: false)",
    )
    parser.add_argument(
        "--updater-namespace",
        metavar="NAME",
        help="where to look for an argocd-image-updater, besides the control plane's namespace",
    )
    parser.add_argument("--log-level", choices=_LEVELS, help="default: info")
    parser.add_argument("--log-format", choices=_FORMATS, help="default: logfmt")


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Serve a cluster until the end, or make one pass.

    Exit status of a pass: 1 when something did not answer, 2 when input is wrong.
    """
    from cmp import log

    level = setting(args.log_level, env, "CMP_LOG_LEVEL", "info")
    form = setting(args.log_format, env, "CMP_LOG_FORMAT", "logfmt")
    log.setup(_one_of(_LEVELS, level, "CMP_LOG_LEVEL"), _one_of(_FORMATS, form, "CMP_LOG_FORMAT"))
    files = setting(args.applications, env, "CMP_APPLICATIONS")
    if not files:
        return _serve(args, env)
    if not args.once:
        raise InvalidInput(
            "files are not watched; write refresh --once --applications FILE --store file://DIR"
        )
    return _read(args, env, now, files)


def _one_of(known: tuple[str, ...], said: str, name: str) -> str:
    if said not in known:
        raise InvalidInput(f"not {said!r}; use one of: {', '.join(known)}", where=name)
    return said


def _read(args: "Namespace", env: Mapping[str, str], now: datetime, files: str) -> int:
    """Make one pass over Applications in files."""
    from cmp.manifest_file import read_applications
    from cmp.refresh import cycle
    from cmp.refresh.listing import RegistryAccess
    from cmp.refresh.passes import Pass
    from cmp.refresh.people import StorePeople, without
    from cmp.refresh.plan import plan
    from cmp.refresh.registries import Configured, from_file
    from cmp.refresh.state import StoreState
    from cmp.refresh.table import table
    from cmp.refresh.traffic import Traffic
    from cmp.registry.auth.keychain import Keyring

    control_plane = setting(args.argocd_namespace, env, "CMP_ARGOCD_NAMESPACE")
    unread: list[CmpError] = []
    plans = plan(read_applications(files, unread.append), control_plane)
    registries = Configured(from_file(setting(args.registries, env, "CMP_REGISTRIES")))
    traffic = Traffic()
    access = RegistryAccess(Keyring(env), _progress, traffic.note)
    store = _opened(args, env)
    with nullcontext() if args.dry_run else store.writing(), access:
        people = StorePeople(store)
        told, unreadable = people.read(plan.instance for plan in plans)
        asked = Pass(plans, now, registries.current(), instructions=told, unreadable=unreadable)
        summary, _ = cycle.run(asked, access, store, StoreState(store), dry_run=args.dry_run)
        for instance, ended in () if args.dry_run else summary.ended.items():
            people.change(instance, without(ended))
    for error in unread:
        summary.problem(error)
    cycle.log.info("refreshed", extra=summary.counts)
    sys.stdout.write("".join(f"{line}\n" for line in table(summary, traffic.by_registry())))
    return summary.exit_status


def _serve(args: "Namespace", env: Mapping[str, str]) -> int:
    """Watch the Applications of a cluster, until a signal ends it or, with --once, all is told."""
    from concurrent.futures import ThreadPoolExecutor
    from tempfile import gettempdir

    from cmp.refresh.cluster import connect
    from cmp.refresh.controller import Controller, Edges
    from cmp.refresh.instruments import Instruments
    from cmp.refresh.listing import RegistryAccess
    from cmp.refresh.registries import Configured, from_config_map, from_file, secrets_of
    from cmp.refresh.scope import Scope
    from cmp.registry.auth.keychain import Keyring
    from cmp.writeback.git_engine import GitEngine
    from cmp.writeback.git_settings import options

    cluster, namespace = connect(setting(args.kubeconfig, env, "KUBECONFIG"))
    scope = Scope.read(args, env, namespace)
    file = setting(args.registries, env, "CMP_REGISTRIES")
    read = from_file(file) if file else from_config_map(cluster, scope.control_plane)
    keyring = Keyring(env, secrets_of(cluster))
    instruments = Instruments()
    sign = partial(instruments.health.beat, "controller")
    access = RegistryAccess(keyring, lambda _, __: sign, instruments.meter.heard)
    store = _opened(args, env)
    with access, ExitStack() as servers:
        folder = setting(None, env, "CMP_GIT_DIRECTORY", gettempdir())
        git = partial(GitEngine, folder, env, options(env))
        edges = Edges(cluster, Configured(read), access, store, git)
        controller = Controller(edges, scope, instruments)
        if not args.once:
            _listen(servers, scope, controller, instruments)
        _stop_on_signals(controller)

        def work() -> int:
            with _writing(store, controller.stopping) if not args.dry_run else nullcontext():
                return controller.run(once=args.once)

        def lead() -> int:
            """Work when no other refresher does."""
            if args.once or args.dry_run:
                return work()
            from cmp.refresh.leader import Leadership

            own, _ = connect(setting(args.kubeconfig, env, "KUBECONFIG"), is_patient=False)
            leadership = Leadership(own, scope.control_plane, _identity())
            return leadership.run(work, controller.stopping, controller.abandon)

        # In a thread of its own: the handlers of signals run in this one, and must find free
        # every lock that they take.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(lead).result()


def _listen(
    servers: ExitStack, scope: "Scope", controller: "Controller", instruments: "Instruments"
) -> None:
    """Serve what is to be served, until ``servers`` are closed."""
    from cmp.refresh.operations import operations
    from cmp.refresh.serving import Server
    from cmp.refresh.webhook import Webhook

    if scope.metrics:
        application = operations(instruments.health, instruments.meter)
        servers.enter_context(Server("metrics", application, scope.metrics))
    if scope.webhook:
        webhook = Webhook(scope.webhook_secret, controller.touches.add, instruments.meter)
        servers.enter_context(Server("webhook", webhook.application, scope.webhook))


def _identity() -> str:
    """Return a name that no other process has, nor this one when it is started again."""
    import os
    from uuid import uuid4

    return f"{os.uname().nodename}_{uuid4().hex[:8]}"


def _opened(args: "Namespace", env: Mapping[str, str]) -> "Store":
    return open_index(setting(args.store, env, "CMP_STORE", DEFAULT_INDEX), env)


@contextmanager
def _writing(store: "Store", stopping: "threading.Event") -> "Iterator[None]":
    """Be the one that writes to the store, as soon as one before, who may have died, is not."""
    until_s = time.monotonic() + _TAKE_OVER_WITHIN_S
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(store.writing())
            except IndexUnavailable:
                if time.monotonic() > until_s or stopping.wait(_TAKE_OVER_EVERY_S):
                    raise
            else:
                break
        yield


def _stop_on_signals(controller: "Controller") -> None:
    import signal
    import threading

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: controller.stop())
    # Half of it is no refresher: whoever started it has to start it again.
    threading.excepthook = controller.fail


def _progress(what: str, count: int) -> Callable[[], object]:
    """Show a bar while ``count`` things are done, where a person is watching."""
    from tqdm import tqdm

    return tqdm(total=count, desc=what, leave=False, disable=None).update
