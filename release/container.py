"""Commands in containers of the image, as locked down as the manifests have them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import docker
from docker.models.containers import Container
from docker.models.images import Image

_WITHIN_S = 120
_TMP = "rw,nosuid,nodev,size=256m,mode=1777"


class Done(NamedTuple):
    """What a command came to."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a container is given: user 999, a read-only root, no capability, a /tmp of its own."""

    client: docker.DockerClient
    image: Image
    entrypoint: tuple[str, ...] = ()
    """In place of the image's."""
    env: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[Path, str] = field(default_factory=dict)
    """Folders and files of this machine, to ``<path in there>:ro`` or ``:rw``."""
    network: str = "none"
    """Or ``host``."""
    workdir: str = "/"

    def run(self, *command: str) -> Done:
        """Run a command to its end."""
        with self.started(*command) as container:
            status = container.wait(timeout=_WITHIN_S)["StatusCode"]
            return Done(
                status,
                container.logs(stdout=True, stderr=False).decode(),
                container.logs(stdout=False, stderr=True).decode(),
            )

    @contextmanager
    def started(self, *command: str) -> Iterator[Container]:
        """Start a command, and remove the container in the end."""
        container = self.client.containers.create(
            self.image,
            list(command),
            entrypoint=list(self.entrypoint) or None,
            environment=dict(self.env),
            volumes=[f"{here}:{there}" for here, there in self.mounts.items()],
            network_mode=self.network,
            working_dir=self.workdir,
            user="999:999",
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            tmpfs={"/tmp": _TMP},  # noqa: S108 - the container's own
        )
        try:
            container.start()
            yield container
        finally:
            container.remove(force=True)
