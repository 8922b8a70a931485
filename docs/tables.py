"""The tables of the code as Markdown, by the names that documents have for them."""

from argparse import REMAINDER, SUPPRESS, Action, ArgumentParser
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module

from cmp.__main__ import COMMANDS
from cmp.core.keys import KEYS, Key
from cmp.refresh.metrics import METRICS, PREFIX
from cmp.registry.entries import KEYS as ENTRY_KEYS
from cmp.renderers.directory_options import TABLE as DIRECTORY
from cmp.renderers.helm_options import HELM_OPTIONS as HELM
from cmp.renderers.kustomize_options import TABLE as KUSTOMIZE
from cmp.renderers.options import Option
from docs.settings import SETTINGS, Setting


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _keys() -> str:
    return _table(
        ["key", "where", "meaning"], ([f"`{key.name}`", _where(key), key.meaning] for key in KEYS)
    )


def _where(key: Key) -> str:
    places = (("`<alias>.`", key.per_image), ("all", key.application_wide))
    return ", ".join(place for place, is_one in places if is_one)


def _options(table: Iterable[Option]) -> str:
    return _table(
        ["parameter", "kind", "in Argo CD", ""],
        ([f"`{o.name}`", o.collection, f"`{o.native}`", o.meaning] for o in table),
    )


def _metrics() -> str:
    return _table(
        ["metric", "type", "labels", ""],
        (
            [
                f"`{PREFIX}{m.name}`",
                m.kind,
                ", ".join(f"`{label}`" for label in m.labels),
                m.meaning,
            ]
            for m in METRICS
        ),
    )


def _entry_keys() -> str:
    return _table(["key", "meaning"], ([f"`{key}`", says] for key, says in ENTRY_KEYS.items()))


# --- settings and commands


def parser_of(command: str) -> ArgumentParser:
    """Return the parser of a command, as the command line has it."""
    parser = ArgumentParser(prog=f"python -I -m cmp {command}", add_help=False)
    import_module(COMMANDS[command][0]).configure(parser)
    return parser


def flags() -> Mapping[str, list[str]]:
    """Return the commands that take each flag."""
    found: dict[str, list[str]] = {}
    for command in COMMANDS:
        for action in actions(command):
            for flag in action.option_strings:
                found.setdefault(flag, []).append(command)
    return found


def actions(command: str) -> list[Action]:
    """Return the arguments of a command."""
    return parser_of(command)._actions  # noqa: SLF001 - argparse has no other way to list them


def _settings(rows: Iterable[Setting]) -> str:
    known = flags()
    return _table(
        ["variable", "flag", "default", ""],
        (
            [f"`{s.variable}`", f"`{s.flag}`" if s.flag in known else "", s.default, s.meaning]
            for s in rows
        ),
    )


def _commands() -> str:
    return "\n".join(_command(name, summary) for name, (_, summary) in COMMANDS.items())


def _command(name: str, summary: str) -> str:
    rows = [
        [f"`{_written(action)}`", (action.help or "").replace("|", r"\|")]
        for action in actions(name)
        if action.help != SUPPRESS
    ]
    table = f"\n{_table(['argument', ''], rows)}" if rows else ""
    return f"### `python -I -m cmp {name}`\n\n{summary[0].upper()}{summary[1:]}.\n{table}"


def _written(action: Action) -> str:
    metavar = action.metavar or (
        "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()
    )
    if not action.option_strings:
        shown = str(metavar)
        return f"[{shown} …]" if action.nargs == REMAINDER else shown
    flag = ", ".join(action.option_strings)
    return flag if action.nargs == 0 else f"{flag} {metavar}"


TABLES: Mapping[str, Callable[[], str]] = {
    "keys": _keys,
    "helm": partial(_options, HELM),
    "kustomize": partial(_options, KUSTOMIZE),
    "directory": partial(_options, DIRECTORY),
    "metrics": _metrics,
    "registries": _entry_keys,
    "commands": _commands,
    **{f"settings-{group}": partial(_settings, rows) for group, rows in SETTINGS.items()},
}
