"""COMMAND  Lists the registries, decides, and publishes the index.

Without a cluster: Applications come from files, and one pass is made.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING

from cmp.errors import CmpError, InvalidInput
from cmp.index import open_index
from cmp.settings import DEFAULT_INDEX, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
_LEVELS = ("debug", "info", "warning", "error")


def configure(parser: "ArgumentParser") -> None:
    """Declare the command's arguments."""
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
        "--argocd-namespace", metavar="NAME", help="the namespace of Argo CD's control plane"
    )
    parser.add_argument("--log-level", choices=_LEVELS, help="default: info")


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Make one pass; exit status 1 when something did not answer, 2 when input is wrong."""
    from cmp import log
    from cmp.manifest_file import read_applications
    from cmp.refresh import cycle
    from cmp.refresh.listing import RegistryAccess
    from cmp.refresh.plan import plan
    from cmp.registry.registries_file import read_registries

    level = setting(args.log_level, env, "CMP_LOG_LEVEL", "info")
    if level not in _LEVELS:
        known = ", ".join(_LEVELS)
        raise InvalidInput(f"no level {level!r}; use one of: {known}", where="CMP_LOG_LEVEL")
    log.setup(level)
    files = setting(args.applications, env, "CMP_APPLICATIONS")
    if not files or not args.once:
        raise InvalidInput(
            "watching a cluster is not there yet; "
            "write refresh --once --applications FILE --registries FILE --store file://DIR"
        )
    registries = read_registries(setting(args.registries, env, "CMP_REGISTRIES"))
    for note in registries.notes:
        cycle.log.warning("key ignored", extra={"reason": note})
    control_plane = setting(args.argocd_namespace, env, "CMP_ARGOCD_NAMESPACE")
    unread: list[CmpError] = []
    plans = plan(read_applications(files, unread.append), control_plane)
    store = open_index(setting(args.store, env, "CMP_STORE", DEFAULT_INDEX))
    held = nullcontext() if args.dry_run else store.writing()
    with held, RegistryAccess(registries, env, _progress) as access:
        summary = cycle.run(plans, access, store, now, dry_run=args.dry_run)
    for error in unread:
        summary.problem(error)
    counts = {name: getattr(summary, name) for name in summary.__slots__}
    cycle.log.info("refreshed", extra=counts)
    return 2 if summary.invalid else 1 if summary.unanswered else 0


def _progress(what: str, count: int) -> Callable[[], object]:
    """Show a bar while ``count`` things are done, where a person is watching."""
    from tqdm import tqdm

    return tqdm(total=count, desc=what, leave=False, disable=None).update
