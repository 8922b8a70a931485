"""A real sshd on loopback, for whoever runs the tests and one key."""

import getpass
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.cli import PATH, run
from tests.support.processes import Processes, free_ports
from tests.support.waiting import wait_for

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def is_installed() -> bool:
    """Tell whether there is one."""
    return shutil.which("sshd", path=f"{PATH}:{SBIN}") is not None


class SshServer:
    """One sshd, with a host key of its own; it serves all that this user may read."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700)
        (self._port,) = free_ports(1)
        for name in ("host", "user", "other"):
            argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(root / name)]
            assert run(argv, root, measured=False).returncode == 0
        self.key = (root / "user").read_text()
        """Who may come in."""
        self.other_key = (root / "other").read_text()
        """Who may not."""
        (root / "authorized_keys").write_text((root / "user.pub").read_text())
        self._processes = Processes(root, {"PATH": f"{PATH}:{SBIN}"})

    @property
    def known_hosts(self) -> str:
        return f"[127.0.0.1]:{self._port} {(self._root / 'host.pub').read_text()}"

    def url(self, path: Path) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self._port}{path}"

    def log(self) -> str:
        return (self._root / "sshd.log").read_text()

    def __enter__(self) -> Self:
        Path("/run/sshd").mkdir(exist_ok=True)  # where it gives up its rights
        program = shutil.which("sshd", path=f"{PATH}:{SBIN}")
        assert program
        self._processes.__enter__()
        options = {
            "Port": self._port,
            "ListenAddress": "127.0.0.1",
            "HostKey": self._root / "host",
            "AuthorizedKeysFile": self._root / "authorized_keys",
            "PidFile": "none",
            "StrictModes": "no",
            "PasswordAuthentication": "no",
            "UsePAM": "no",
            "AcceptEnv": "GIT_PROTOCOL",
        }
        arguments = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        # sshd starts itself anew, and insists on the path of a program.
        self._processes.spawn(program, "-D", "-e", "-f", "/dev/null", *arguments, called="sshd")
        wait_for("sshd listens", lambda: "Server listening" in self.log())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._processes.__exit__(kind, error, traceback)
