"""Build the image with whatever engine answers, and say how large it is and how fast it starts."""

import argparse
import json
import subprocess
import sys

import docker
from docker.errors import BuildError, DockerException, ImageNotFound
from docker.models.images import Image

from cmp import __version__
from release import base, wheels
from release.container import Cell
from release.engine import NoEngine, engine
from release.recipe import PROJECT

MADE = "made"
"""As the base: the one that `make setup-image` made."""
_BASE = "localhost/argocd-image-cmp-base"
_STARTS = """
import subprocess, sys, time
taken = []
for _ in range(20):
    began = time.perf_counter()
    subprocess.run([sys.executable, "-I", "-m", "cmp", "render"], stderr=subprocess.DEVNULL)
    taken.append(time.perf_counter() - began)
print(f"{sorted(taken)[len(taken) // 2] * 1000:.0f}")
"""


class CannotBuild(Exception):
    """The image could not be built; the message is the end of what the engine said."""


def build(client: docker.DockerClient, *, tag: str, base_image: str = "") -> Image:
    """Build the image from the wheels that there are, on a base or the Dockerfile's own."""
    arguments = {"VERSION": __version__, "REVISION": _revision()}
    if base_image:
        arguments["BASE"] = base_image
    try:
        image, _ = client.images.build(
            path=str(PROJECT), tag=tag, buildargs=arguments, rm=True, forcerm=True
        )
    except BuildError as error:
        said = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise CannotBuild(f"{said}{error}") from None
    except DockerException as error:
        raise CannotBuild(str(error)) from None
    return image


def made_base(client: docker.DockerClient) -> str:
    """Give the engine the base that was made here, and return its name."""
    file = base.file()
    if not file.exists():
        raise CannotBuild(f"there is no {file}: run make setup-image")
    name = f"{_BASE}:{file.stem}"
    try:
        client.images.get(name)
    except ImageNotFound:
        answer = client.api.import_image_from_file(str(file), repository=_BASE)
        made = client.images.get(json.loads(answer.splitlines()[-1])["status"])
        made.tag(_BASE, file.stem)  # podman does not take the tag with the import
    return name


def measured(client: docker.DockerClient, image: Image) -> str:
    """Return size and start-up in words: until `render` refuses, for Argo CD did not start it."""
    done = Cell(client=client, image=image, entrypoint=("python3",)).run("-I", "-c", _STARTS)
    if done.status:
        raise CannotBuild(f"the image does not start: {done.stderr}")
    size = image.attrs["Size"] / 1e6
    return f"{size:.0f} MB unpacked; a render starts in {int(done.stdout)} ms (median of 20)"


def _revision() -> str:
    try:
        asked = ["git", "rev-parse", "HEAD"]
        done = subprocess.run(asked, cwd=PROJECT, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def main() -> int:
    """Build the image and say what it is."""
    parser = argparse.ArgumentParser(prog="python -m release.image", description=__doc__)
    parser.add_argument("--tag", default=f"argocd-image-cmp:{__version__}")
    parser.add_argument(
        "--base", default="", help=f"an image, or {MADE!r} (default: the Dockerfile's)"
    )
    arguments = parser.parse_args()
    try:
        wheels.collect()
        with engine() as client:
            on = made_base(client) if arguments.base == MADE else arguments.base
            image = build(client, tag=arguments.tag, base_image=on)
            print(f"{arguments.tag}: {measured(client, image)}")
    except (CannotBuild, NoEngine, wheels.CannotCollect) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
