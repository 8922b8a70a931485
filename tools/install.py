"""Put the tools that tests and renders start (helm, kustomize, …) into one folder.

Each comes, in exactly the version of its row in `TOOLS`, from PATH, else from the
user's cache, else it is built with Go from the module beside this file, once.
"""

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

HERE = Path(__file__).resolve().parent
ENVIRONMENT = os.environ  # noqa: TID251 - a script of its own, no part of cmp
LOOK_EVERY_S = 0.2
SAY_EVERY_S = 20
TAIL_LINES = 20
ARGO_CD = "github.com/argoproj/argo-cd/v3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One program: the pin, how to build it, and how it tells its version."""

    name: str
    version: str
    package: str
    ldflags: str = "-s -w"
    version_arguments: tuple[str, ...]
    takes: str
    """How long a first build takes on two cores, for a person who waits."""
    pinned_in: str = ""
    """The folder of the Go module, where it is not the tool's own."""
    linked_as: tuple[str, ...] = ()
    """The names to start it under, where its own is not the one."""
    files: tuple[tuple[str, str], ...] = ()
    """What it needs beside it: a Go module of its build, and a file in there."""
    e2e: bool = False
    """Needed only by the tests of a whole Argo CD, so not installed unless asked for."""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def module(self) -> Path:
        """The folder of the Go module that pins this tool and all it is made of."""
        return HERE / (self.pinned_in or self.name)

    @property
    def sources(self) -> list[Path]:
        """The tool's own code, where that is here and not in a module of somebody else."""
        return sorted(self.module.glob("*.go")) if self.package == "." else []

    def links(self, binary: Path) -> dict[str, Path]:
        """Return what is to be linked, by the link's name; a program that runs comes first."""
        programs = dict.fromkeys(self.linked_as or (self.name,), binary)
        names = [Path(file).name for _, file in self.files]
        return programs | {name: binary.with_name(name) for name in names}


TOOLS = (
    Tool(
        name="helm",
        version="4.3.1",
        package="helm.sh/helm/v4/cmd/helm",
        ldflags="-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1",
        version_arguments=("version", "--template", "{{.Version}}"),
        takes="2 minutes",
    ),
    Tool(
        name="kustomize",
        version="5.8.3",
        package="sigs.k8s.io/kustomize/kustomize/v5",
        version_arguments=("version",),
        takes="40 seconds",
    ),
    Tool(
        name="registry",
        version="3.0.0",
        package="github.com/distribution/distribution/v3/cmd/registry",
        version_arguments=("--version",),
        takes="1 minute",
    ),
    Tool(
        name="oracle",
        version="1.2.0",
        package=".",
        version_arguments=("--version",),
        takes="20 seconds",
    ),
    Tool(
        name="rules",
        version="1.0.0",
        package=".",
        version_arguments=("--version",),
        takes="20 seconds",
    ),
    Tool(
        name="argocd",
        version="3.6.1",
        package=".",
        ldflags=f"-s -w -X {ARGO_CD}/common.version=3.6.1",
        version_arguments=("--version",),
        takes="5 minutes",
        linked_as=(
            "argocd-repo-server",
            "argocd-cmp-server",
            "argocd-application-controller",
        ),
        files=(
            (ARGO_CD, "hack/git-verify-wrapper.sh"),
            (ARGO_CD, "manifests/crds/application-crd.yaml"),
            (ARGO_CD, "manifests/crds/appproject-crd.yaml"),
        ),
        e2e=True,
    ),
    Tool(
        name="kube-apiserver",
        version="1.37.0",
        package="k8s.io/kubernetes/cmd/kube-apiserver",
        # Charts ask for the version of Kubernetes, and without these it is 0.0.0.
        ldflags="-s -w -X k8s.io/component-base/version.gitVersion=v1.37.0"
        " -X k8s.io/component-base/version.gitMajor=1"
        " -X k8s.io/component-base/version.gitMinor=37",
        version_arguments=("--version",),
        takes="4 minutes",
        pinned_in="argocd",
        e2e=True,
    ),
    Tool(
        name="etcd",
        version="3.7.0",
        package="go.etcd.io/etcd/server/v3",
        version_arguments=("--version",),
        takes="20 seconds",
        pinned_in="argocd",
        e2e=True,
    ),
)


class CannotInstall(Exception):
    """A tool could not be had; the message says why and what to do."""


def main() -> int:
    """Install the tools named on the command line; return the exit status."""
    arguments = _parser().parse_args()
    wanted = [*arguments.tools, *(tool for tool in TOOLS if tool.e2e and arguments.e2e)]
    try:
        install(list(dict.fromkeys(wanted)), arguments.into)
    except CannotInstall as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/install.py", description=__doc__)
    parser.add_argument("--into", type=Path, default=HERE.parent / ".tools" / "bin")
    parser.add_argument("--e2e", action="store_true", help="also what the end-to-end tests need")
    default = [tool for tool in TOOLS if not tool.e2e]
    names = ", ".join(tool.name for tool in default)
    others = ", ".join(tool.name for tool in TOOLS if tool.e2e)
    parser.add_argument(
        "tools",
        metavar="NAME",
        nargs="*",
        type=_tool,
        default=default,
        help=f"of: {names} (these if none is named), {others}",
    )
    return parser


def _tool(name: str) -> Tool:
    for tool in TOOLS:
        if tool.name == name:
            return tool
    known = ", ".join(tool.name for tool in TOOLS)
    raise argparse.ArgumentTypeError(f"no tool {name!r}; use: {known}")


def install(tools: Sequence[Tool], into: Path) -> None:
    """Link each tool into the folder; raise `CannotInstall` for those that cannot be had."""
    into.mkdir(parents=True, exist_ok=True)
    missing = []
    for tool in tools:
        if on_path := _on_path(tool, into):
            _put(tool, on_path, into, source="from PATH")
        elif cached := _cached(tool):
            _put(tool, cached, into, source="from cache")
        else:
            missing.append(tool)
    if missing and shutil.which("go") is None:
        names = " and ".join(map(str, missing))
        raise CannotInstall(
            f"{names}: neither on PATH nor in the cache, and there is no Go to build from source. "
            f"Install Go >= 1.21, or put {names} on PATH."
        )
    for tool in missing:
        started = time.monotonic()
        built = _build(tool)
        source = f"built in {time.monotonic() - started:.0f} s" if built else "from cache"
        _put(tool, _binary(tool), into, source=source)


def _put(tool: Tool, binary: Path, into: Path, *, source: str) -> None:
    links = tool.links(binary)
    for name, target in links.items():
        _link(into / name, target)
    said = _said_version(tool, into / next(iter(links)))
    if not _is_version(tool, said):
        raise CannotInstall(f"{binary} should be {tool} but says {said!r}: delete it and retry")
    _say(f"{tool}: {source}")


def _on_path(tool: Tool, into: Path) -> Path | None:
    if tool.sources or tool.files:
        return None  # its version says little: only what is built from these files is it
    for folder in os.get_exec_path():
        # Our own folder may well be on PATH; a tool is not its own source.
        if not folder or Path(folder).resolve() == into.resolve():
            continue
        binary = Path(folder).absolute() / tool.name
        if os.access(binary, os.X_OK) and _is_version(tool, _said_version(tool, binary)):
            return binary
    return None


def _said_version(tool: Tool, binary: Path) -> str:
    try:
        done = subprocess.run(
            [binary, *tool.version_arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout.strip()


def _is_version(tool: Tool, said: str) -> bool:
    # Build metadata (3.0.0+unknown) is the same version, a pre-release (3.0.0-rc.1) is not.
    return bool(re.search(rf"(?<![\w.-])v?{re.escape(tool.version)}(?![\w.-])", said))


def _cached(tool: Tool) -> Path | None:
    binary = _binary(tool)
    there = all(file.exists() for file in tool.links(binary).values())
    return binary if there and os.access(binary, os.X_OK) else None


def _binary(tool: Tool) -> Path:
    """Return where the cache has, or would have, the tool as it is pinned now."""
    cache = Path(ENVIRONMENT.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute()
    system, machine = _target()
    entry = f"{tool.name}-{tool.version}-{system}-{machine}-{_key(tool)}"
    return cache / "argocd-image-cmp" / "tools" / entry / tool.name


def _key(tool: Tool) -> str:
    digest = hashlib.sha256()
    for part in (
        (tool.module / "go.mod").read_bytes(),
        (tool.module / "go.sum").read_bytes(),
        tool.package.encode(),
        tool.ldflags.encode(),
        *(source.read_bytes() for source in tool.sources),
        *(file.encode() for _, file in tool.files),
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


def _target() -> tuple[str, str]:
    """Return this machine's operating system and architecture as Go calls them."""
    machine = platform.machine().lower()
    return sys.platform, {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _link(link: Path, binary: Path) -> None:
    if link.is_symlink() and link.readlink() == binary:
        return
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.symlink_to(binary)
    fresh.replace(link)


def _build(tool: Tool) -> bool:
    """Bring the tool into the cache; return whether it was this process that built it."""
    binary = _binary(tool)
    binary.parent.mkdir(parents=True, exist_ok=True)
    with _locked(binary.with_name("lock"), tool) as lock:
        if _cached(tool):
            return False
        part, log = binary.with_name("part"), binary.with_name("build.log")
        status = _go_build(tool, part, log, lock)
        if status != 0:
            tail = "\n".join(_lines(log)[-TAIL_LINES:])
            raise CannotInstall(f"{tail}\n{tool}: go build failed, exit {status} (more in {log})")
        for module, file in tool.files:
            _copy(_module_folder(tool, module) / file, binary.parent)
        part.replace(binary)
        log.unlink()
        return True


@contextmanager
def _locked(path: Path, tool: Tool) -> Iterator[IO[str]]:
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"{tool} is being built by another process; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _module_folder(tool: Tool, module: str) -> Path:
    """Return where Go keeps a module that the tool was just built with."""
    done = subprocess.run(
        ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module],
        cwd=tool.module,
        env=_go_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise CannotInstall(f"{done.stderr}{tool}: Go does not say where {module} is")
    return Path(done.stdout.strip())


def _copy(file: Path, folder: Path) -> None:
    part = folder / f"{file.name}.part"
    shutil.copyfile(file, part)
    if file.suffix == ".sh":
        part.chmod(0o755)  # Go's module cache keeps no such bits
    part.replace(folder / file.name)


def _go_environment() -> dict[str, str]:
    system, machine = _target()
    return {
        **ENVIRONMENT,
        "CGO_ENABLED": "0",
        "GOARCH": machine,
        "GOOS": system,
        "GOTOOLCHAIN": "auto",
        "GOWORK": "off",
    }


def _go_build(tool: Tool, part: Path, log: Path, lock: IO[str]) -> int:
    command = ["go", "build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false"]
    command += ["-ldflags", tool.ldflags, "-o", str(part), tool.package]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            cwd=tool.module,
            env=_go_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Should we be killed, the lock is held as long as Go still writes.
            pass_fds=(lock.fileno(),),
        ) as process,
    ):
        try:
            _watch(tool, process, log)
        finally:
            if process.poll() is None:
                # Not SIGTERM: on SIGINT Go removes its temporary files.
                process.send_signal(signal.SIGINT)
    return process.returncode


def _watch(tool: Tool, process: subprocess.Popen[bytes], log: Path) -> None:
    """Show how far the build is until it ends: one line rewritten, or now and then one more."""
    terminal = sys.stderr.isatty()
    started = said = time.monotonic()
    if not terminal:
        _say(f"building {tool} with Go, once; about {tool.takes} on two cores")
    while True:
        try:
            process.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        else:
            break
        if terminal:
            sys.stderr.write(f"\r{_progress(tool, log, now - started)}\x1b[K")
            sys.stderr.flush()
        elif now - said >= SAY_EVERY_S:
            said = now
            _say(_progress(tool, log, now - started))
    if terminal:
        sys.stderr.write("\r\x1b[K")


def _progress(tool: Tool, log: Path, elapsed_s: float) -> str:
    lines = _lines(log)
    downloads = sum(line.startswith("go: downloading ") for line in lines)
    packages = sum(not line.startswith("go: ") for line in lines)
    fetched = f"{downloads} modules downloaded, " if downloads else ""
    return f"building {tool}: {fetched}{packages} packages compiled, {elapsed_s:.0f} s"


def _lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
