"""What the Dockerfile says by itself: the defaults of its build arguments."""

import re
from pathlib import Path

from cmp.settings import environment

PROJECT = Path(__file__).resolve().parent.parent


def default(argument: str) -> str:
    """Return what a build argument is where nobody says another."""
    text = (PROJECT / "Dockerfile").read_text()
    found = re.search(rf'^ARG {argument}="?([^"\n]+)"?$', text, re.MULTILINE)
    assert found, f"Dockerfile: no default for ARG {argument}"
    return found[1]


def cache() -> Path:
    """Return where this project keeps what takes long to make, beside tools/install.py's tools."""
    root = Path(environment().get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root.absolute() / "argocd-image-cmp"
