"""The command line: ``python -m cmp COMMAND``."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from cmp.errors import CmpError
from cmp.settings import environment

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from datetime import datetime

# A command is a module with configure(parser) and main(args, env, now) -> exit status.
COMMANDS = {
    "render": ("cmp.render", "print a source's manifests, with the chosen images"),
    "parameters": ("cmp.announce", "print what Argo CD's Parameters tab offers, with the images"),
    "resolve": ("cmp.resolve", "choose among tags, and say why"),
    "explain": ("cmp.explain", "say which images an application has, since when and why"),
    "doctor": (
        "cmp.doctor",
        "say what is wrong with an installation, an application or an image's registry",
    ),
    "convert": ("cmp.convert", "turn native Applications into those of the plugin, and back"),
    "pin": ("cmp.people.pin", "take one tag of an image, whatever its policy says"),
    "hold": ("cmp.people.hold", "keep the present choice of an image, or of all"),
    "rollback": ("cmp.people.rollback", "go back to a decision of before, and stay there"),
    "release": ("cmp.people.release", "end a pin, a hold or a rollback"),
    "mirror": ("cmp.mirror", "copy the index from Redis into the directory that render reads"),
    "wait": ("cmp.wait", "wait for a complete index, then become another command"),
    "index": ("cmp.index_command", "list and show what an index holds; export and import it"),
    "refresh": ("cmp.refresh", "list the registries, decide, and publish the index"),
}

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0 done; 1 something outside did not answer; 2 the input is wrong; 3 no candidate.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        args = _parse(arguments)
        module = import_module(COMMANDS[args.command][0])
        status: int = module.main(args, environment(), _now())
        sys.stdout.flush()
    except CmpError as error:
        print(f"error: {error.explained()}", file=sys.stderr)  # noqa: T201 - this is what Argo CD shows
        return error.exit_status
    except BrokenPipeError:
        # Whoever read us went away; what Python still wants to flush goes nowhere, silently.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        # A full disk, mostly; the edges tell of their own failures.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = error.filename or "standard output"
        print(f"error: {where}: {error.strerror}", file=sys.stderr)  # noqa: T201 - as above
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _parse(arguments: list[str]) -> Namespace:
    if arguments in (["render"], ["parameters"]):
        # As plugin.yaml starts it, thousands of times a day: there is nothing to parse, and
        # argparse alone would cost a tenth of the start.
        from types import SimpleNamespace

        return SimpleNamespace(command=arguments[0])  # type: ignore[return-value] # read with getattr
    return _parser(arguments).parse_args(arguments)


def _parser(arguments: list[str]) -> ArgumentParser:
    from argparse import ArgumentParser

    from cmp import __version__

    parser = ArgumentParser(prog="python -m cmp", description="Keeps container images current.")
    parser.add_argument("--version", action="version", version=f"argocd-image-cmp {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary}.")
        if arguments[:1] == [name]:
            import_module(module).configure(command)
    return parser


def _now() -> datetime:
    from datetime import UTC, datetime

    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the clock enters here


if __name__ == "__main__":
    sys.exit(main())
