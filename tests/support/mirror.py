"""A mirror beside a repo-server, as a process of its own."""

from pathlib import Path

from tests.support.cli import PATH
from tests.support.program import Program
from tests.support.redis import MIRROR, RedisServer


class Mirror(Program):
    """Copies a Redis into a directory, from `start` to `kill`.

    Args:
        server: what is copied.
        directory: what render reads.
        log: a file for what it says.
        pod: as which it acknowledges.
    """

    def __init__(self, server: RedisServer, *, directory: Path, log: Path, pod: str) -> None:
        super().__init__(log, log.parent)
        self.directory = directory
        self.pod = pod
        self.tools = ""
        """What it says that renders in its Pod, where that is not the truth."""
        self._server = server

    def start(self) -> None:
        """Start it; it copies within a second."""
        arguments = ["mirror", "--store", self._server.tls_url]
        arguments += ["--to", str(self.directory), "--pod", self.pod]
        said = {"CMP_TOOLS": self.tools} if self.tools else {}
        self.run(arguments, {"PATH": PATH, **said, **self._server.environment(user=MIRROR)})
