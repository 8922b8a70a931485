"""The wheels that the image is made of: ours as the code is now, and all that it needs.

They are for the image's Python, not for the one that runs this, in the versions of constraints.txt;
in a folder of their own, so that the image is built without a network.
"""

import argparse
import hashlib
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from release.recipe import PROJECT, default

FOLDER = PROJECT / "build" / "wheels"
# What the wheels may ask of the base's C library: Debian's is much newer.
_TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
# pip goes by the Python that it runs with where a package asks for another only with some. Debian
# 12's is 3.11.2, and redis asks for this one before 3.11.3.
_WITH_ITS_PYTHON = ("async-timeout",)


class CannotCollect(Exception):
    """A wheel cannot be had; the message is what pip or the build said."""


def collect(machine: str = "") -> Path:
    """Fill the folder, and return it; what it has of others stays while the versions do."""
    machine = machine or {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    stamp = FOLDER / f"for-{_key(machine)}"
    if not stamp.exists():
        shutil.rmtree(FOLDER, ignore_errors=True)
    for former in FOLDER.glob("argocd_image_cmp-*"):
        former.unlink()
    _run("build", "--no-isolation", "--wheel", "--outdir", str(FOLDER), str(PROJECT))
    if not stamp.exists():
        (ours,) = FOLDER.glob("argocd_image_cmp-*.whl")
        _run(
            *("pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--only-binary", ":all:", "--implementation", "cp"),
            *("--python-version", default("PYTHON")),
            *(option for tag in _TAGS for option in ("--platform", f"{tag}_{machine}")),
            *("--constraint", str(PROJECT / "constraints.txt"), "--dest", str(FOLDER)),
            *("pip", f"{ours}[refresh]", *_WITH_ITS_PYTHON),
        )
        stamp.touch()
    return FOLDER


def _key(machine: str) -> str:
    digest = hashlib.sha256(f"{machine} {default('PYTHON')} {_TAGS} {_WITH_ITS_PYTHON}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((PROJECT / name).read_bytes())
    return digest.hexdigest()[:12]


def _run(module: str, *arguments: str) -> None:
    """Run a module of this Python."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotCollect(f"{done.stdout}python -m {module} ended with status {done.returncode}")


def main() -> int:
    """Fill the folder for a kind of machine."""
    parser = argparse.ArgumentParser(prog="python -m release.wheels", description=__doc__)
    parser.add_argument("--machine", default="", help="x86_64 or aarch64 (default: this one)")
    try:
        folder = collect(parser.parse_args().machine)
    except CannotCollect as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"{len(list(folder.glob('*.whl')))} wheels in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
