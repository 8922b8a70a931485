"""The base of the image where no registry has one: Debian, made with mmdebstrap and kept.

It is the Debian of the Dockerfile's own base with the packages that the Dockerfile adds to it, so
that nothing is left to be installed in the build: a machine without a registry may have no network
in its containers either.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from release.recipe import cache, default

_SAY_LINES = 20
# As debian:…-slim has it (github.com/debuerreotype/debuerreotype, .slimify-excludes).
_SLIM = (
    *("/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*"),
    "/usr/share/lintian/*",
)
_DEBIAN = "http://deb.debian.org/debian"
_OPTIONS = (
    "--variant=minbase",
    *(f"--dpkgopt=path-exclude={path}" for path in _SLIM),
    "--dpkgopt=path-include=/usr/share/doc/*/copyright",
    # Where this machine's packages come from is nobody's business in an image.
    '--customize-hook=rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/sources.list.d/*',
)


class CannotMake(Exception):
    """The base cannot be made here; the message says why and what to do."""


def file() -> Path:
    """Return where the base is, once it was made."""
    told = "\n".join((_suite(), *_packages(), *_OPTIONS))
    return cache() / "base" / f"{_suite()}-{hashlib.sha256(told.encode()).hexdigest()[:12]}.tar"


def make() -> Path:
    """Make the base, unless it is there, and return its file."""
    kept = file()
    if kept.exists():
        return kept
    if shutil.which("mmdebstrap") is None:
        raise CannotMake("mmdebstrap is not on PATH: install the package of that name")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        part = Path(folder) / "base.tar"
        done = subprocess.run(
            [
                *("mmdebstrap", *_OPTIONS, f"--include={','.join(_packages())}"),
                *(_suite(), str(part), *_sources(Path(folder))),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            said = "\n".join(done.stderr.splitlines()[-_SAY_LINES:])
            raise CannotMake(f"{said}\nmmdebstrap ended with status {done.returncode}")
        part.replace(kept)
    return kept


def _suite() -> str:
    """Return the release of Debian that the Dockerfile's base is: ``debian:<release>-slim@…``."""
    found = re.search(r"debian:([a-z]+)-slim", default("BASE"))
    assert found, "Dockerfile: BASE is no debian:<release>-slim"
    return found[1]


def _packages() -> list[str]:
    return default("PACKAGES").split()


def _sources(folder: Path) -> list[str]:
    """Return where packages come from: where this machine's do, if it is a Debian."""
    release = dict(
        line.split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines()
        if "=" in line
    )
    own = release.get("VERSION_CODENAME", "")
    if release.get("ID") == "debian" and own:
        for listed in (*Path("/etc/apt").glob("sources.list.d/*.sources"), _ONE_LINES):
            text = listed.read_text() if listed.exists() else ""
            if re.search(rf"\b{own}\b", text):
                copy = folder / listed.name
                copy.write_text(re.sub(rf"\b{own}\b", _suite(), text))
                return [str(copy)]
    return [f"deb {_DEBIAN} {_suite()} main"]


_ONE_LINES = Path("/etc/apt/sources.list")


def main() -> int:
    """Make the base, and say where it is."""
    try:
        sys.stderr.write(f"the image's base: {make()}\n")
    except CannotMake as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
