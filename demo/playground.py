"""A folder with the guestbook, and a registry that stays: what docs/tutorial.md is done in."""

import signal
import sys
import tempfile
from pathlib import Path

from demo.guestbook import REGISTRY, checkout, push, push_guestbook, push_redis
from tests.support.registry import RegistryServer


def serve(folder: Path) -> int:
    """Make the folder, and serve a registry with guestbook v1 until Ctrl-C."""
    if folder.exists():
        print(f"{folder} is there already: remove it, or name another", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="image-cmp-demo-") as storage,
        RegistryServer(binary=REGISTRY, root=Path(storage)) as registry,
    ):
        push_guestbook(registry.url, "v1")
        push_redis(registry.url)
        checkout(folder, registry.host)
        print(f"A registry on {registry.host} has guestbook v1, and {folder} its chart.")
        print("Ctrl-C ends it.", flush=True)
        # A shell has what it starts in the background ignore SIGINT, and nobody waits for that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


def push_to(folder: Path, tag: str) -> int:
    """Push one more tag of the guestbook."""
    print(f"pushed {push(folder, tag)}")
    return 0
