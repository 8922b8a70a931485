"""The example in a folder of its own, with a registry that is running, and its images there."""

import re
import shutil
from pathlib import Path

from tests.support.images import push_image

HERE = Path(__file__).resolve().parent.parent
REGISTRY = HERE / ".tools" / "bin" / "registry"
_PLACEHOLDER = "registry.test"
_GUESTBOOK = "haoshuwei24/guestbook"
_CONFIGURATION = "registries.conf"


def checkout(folder: Path, host: str) -> Path:
    """Copy the example, with the registry that is running in the place of the made-up one."""
    shutil.copytree(HERE / "examples" / "guestbook", folder)
    for file in folder.rglob("*.yaml"):
        file.write_text(file.read_text().replace(_PLACEHOLDER, host))
    (folder / _CONFIGURATION).write_text(
        f"registries:\n- name: demo\n  prefix: {host}\n  api_url: http://{host}\n"
    )
    return folder


def push(folder: Path, tag: str) -> str:
    """Push the guestbook with this tag to the registry of a checkout; return its name."""
    found = re.search(r"prefix: (.*)", (folder / _CONFIGURATION).read_text())
    assert found
    push_guestbook(f"http://{found[1]}", tag)
    return f"{found[1]}/{_GUESTBOOK}:{tag}"


def push_guestbook(url: str, tag: str) -> None:
    """Push the guestbook with this tag; ``v3`` was made on January 3rd."""
    number = int("".join(filter(str.isdigit, tag)) or 1)
    push_image(url, _GUESTBOOK, tag, created=f"2026-01-{number:02}T00:00:00Z", salt=tag)


def push_redis(url: str) -> None:
    """Push what the guestbook keeps its entries in."""
    push_image(url, "library/redis", "6.0.9")
