"""Whether a command line of a document could be run as it stands: programs, flags, paths."""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

from cmp import __version__
from cmp.__main__ import COMMANDS
from docs.tables import parser_of
from tests.documents import kubectl
from tests.documents.kubectl import Wrong
from tests.support.cli import PROJECT

_HTTP = {"webhook": ("/webhook", "/touch"), "metrics": ("/healthz", "/readyz", "/metrics")}


def check(script: str) -> None:
    """Check each command of a block; raise `Wrong`."""
    for line in script.replace("\\\n", " ").splitlines():
        for argv in _commands(line):
            program, *rest = argv
            if program not in _PROGRAMS:
                raise Wrong(f"nobody looks after {program!r}: {line}")
            _PROGRAMS[program](rest)


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the commands of a line, without the files that they read and write."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    argv: list[str] = []
    words = iter(lexer)
    for word in words:
        if set(word) <= set("|;&"):
            yield argv
            argv = []
        elif set(word) <= set("<>"):
            next(words)
        else:
            argv.append(word)
    if argv:
        yield argv


# --- programs


def _python(argv: Sequence[str]) -> None:
    if argv[:2] == ["-m", "demo"]:
        from demo.__main__ import KNOWN

        if argv[2:3] and argv[2] not in KNOWN:
            raise Wrong(f"the demo knows no {argv[2]!r}")
    elif argv[:2] == ["-m", "docs"]:
        pass
    elif argv[:3] == ["-I", "-m", "cmp"] and argv[3] in COMMANDS:
        try:
            parser_of(argv[3]).parse_args(argv[4:])
        except SystemExit:
            raise Wrong(f"not what {argv[3]} takes: {' '.join(argv[4:])}") from None
    else:
        raise Wrong(f"not one of our commands: {' '.join(argv)}")


def _make(argv: Sequence[str]) -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for target in argv:
        if "=" not in target and not re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE):
            raise Wrong(f"the Makefile has no {target!r}")


def _curl(argv: Sequence[str]) -> None:
    url = argv[-1]
    if not url.endswith(tuple(path for paths in _HTTP.values() for path in paths)):
        raise Wrong(f"nothing is served at {url}")


def _kubectl(argv: Sequence[str]) -> None:
    started = kubectl.check(argv)
    if started[:1] == ["python"]:
        raise Wrong("our image has a python3, as plugin.yaml names it")
    if started:
        check(shlex.join(started))


def _anything(_: Sequence[str]) -> None:
    """Nothing to check: what the shell itself does."""


def _one_of(*known: str) -> Callable[[Sequence[str]], None]:
    def checked(argv: Sequence[str]) -> None:
        if shlex.join(argv) not in known:
            raise Wrong(f"not known here: {shlex.join(argv)}")

    return checked


def _docker(argv: Sequence[str]) -> None:
    version = f"argocd-image-cmp:{__version__}"
    if argv[0] not in {"tag", "push"} or not all(name.endswith(version) for name in argv[1:]):
        raise Wrong(f"not an image of this version: {' '.join(argv)}")


_PROGRAMS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "python": _python,
    "python3": _python,
    "make": _make,
    "curl": _curl,
    "kubectl": _kubectl,
    "printf": _anything,
    "export": _anything,
    "source": _one_of(".venv/bin/activate"),
    "docker": _docker,
    "crane": _one_of("ls registry.test/team/app"),
}
