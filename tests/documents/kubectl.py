"""Whether a ``kubectl`` of a document could be run: its flags, and what it names in a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import yaml

from tests.support.cli import PROJECT, TOOLS, run

_VERBS: Mapping[str, frozenset[str]] = {
    "apply": frozenset({"-k", "-f"}),
    "delete": frozenset({"-k", "-f", "--ignore-not-found"}),
    "diff": frozenset({"-k", "-f"}),
    "get": frozenset({"-o", "-w", "-l", "--sort-by"}),
    "describe": frozenset(),
    "logs": frozenset({"-c", "-f", "--since", "--tail"}),
    "events": frozenset({"--for", "-w"}),
    "exec": frozenset({"-c"}),
    "rollout status": frozenset(),
    "rollout restart": frozenset(),
    "annotate": frozenset({"--overwrite"}),
    "patch": frozenset({"--type", "-p", "--patch-file"}),
    "scale": frozenset({"--replicas"}),
    "create secret generic": frozenset({"--from-literal", "--from-file"}),
    "port-forward": frozenset(),
}
_SWITCHES = frozenset({"-w", "--overwrite", "--ignore-not-found"})
_KINDS = frozenset(
    {
        *("application", "applications", "configmap", "deployment", "deploy", "lease", "pods"),
        *("role", "secret", "service", "statefulset", "imageupdaters"),
    }
)
_NAMES = frozenset(
    {
        # Ours (contract.md), whatever makes them.
        *("image-cmp", "image-cmp-mirror", "image-cmp-refresher", "image-cmp-config"),
        *("image-cmp-instructions", "image-cmp-state-0"),
        # Argo CD's and its neighbour's, and the example's.
        *("argocd-repo-server", "argocd-notifications-cm", "argocd-image-updater-config"),
        *("argocd-image-updater-controller", "guestbook"),
    }
)


_OVERLAY = "deploy"
"""What docs/install.md has its reader make; that one is built as a block of its own."""


class Wrong(Exception):
    """A command that nobody could run; the message says why."""


def check(argv: Sequence[str]) -> list[str]:
    """Check a command; return what it starts in a Pod, if it does. Raise `Wrong`."""
    before, _, started = _parted(argv)
    words, flags = _taken_apart(before)
    verb = next((v for v in _VERBS if words[: len(v.split())] == v.split()), None)
    if verb is None:
        raise Wrong(f"not known here: kubectl {' '.join(words)}")
    for flag in flags.keys() - _VERBS[verb] - {"-n"}:
        raise Wrong(f"kubectl {verb} has no {flag} here")
    _paths(flags)
    if not verb.startswith("create"):
        _objects(words[len(verb.split()) :], flags)
    return started


def _parted(argv: Sequence[str]) -> tuple[list[str], str, list[str]]:
    at = list(argv).index("--") if "--" in argv else len(argv)
    return list(argv[:at]), "--", list(argv[at + 1 :])


def _taken_apart(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the words, and the flags with their values."""
    plain: list[str] = []
    flags: dict[str, str] = {}
    switches = _SWITCHES | ({"-f"} if "logs" in words else set())
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=")
        if not word.startswith("-"):
            plain.append(word)
        elif equals:
            flags[flag] = value
        else:
            flags[word] = "" if word in switches else next(rest, "")
    return plain, flags


def _paths(flags: Mapping[str, str]) -> None:
    if (folder := flags.get("-k")) and folder != _OVERLAY:
        done = run([str(TOOLS / "kustomize"), "build", folder], PROJECT, measured=False)
        if done.returncode:
            raise Wrong(f"{folder}: {done.stderr}")
    file = flags.get("-f") or flags.get("--patch-file")
    if file and not (PROJECT / file).exists():
        raise Wrong(f"there is no {file}")


def _objects(words: Sequence[str], flags: Mapping[str, str]) -> None:
    """Look at ``kind/name``, or ``kind name …``: the name is one that there is."""
    for word in words[:1]:
        kind, _, _ = word.partition("/")
        if kind not in _KINDS:
            raise Wrong(f"kubectl knows no kind {kind!r} here")
    for name in _names(words, flags):
        if not name.startswith("$") and name not in _NAMES | _shipped():
            raise Wrong(f"nothing in a cluster is called {name!r}")


def _names(words: Sequence[str], flags: Mapping[str, str]) -> Iterator[str]:
    if "-c" in flags:
        yield flags["-c"]
    if "--for" in flags:
        yield flags["--for"].partition("/")[2]
    for number, word in enumerate(words):
        _, slash, name = word.partition("/")
        if slash and number == 0:
            yield name
        elif number == 1 and "=" not in word and ":" not in word:
            yield word


@cache
def _shipped() -> frozenset[str]:
    """Return the names of all that ``kustomize/`` has."""
    documents = [
        document
        for file in (PROJECT / "kustomize").rglob("*.yaml")
        for document in yaml.safe_load_all(file.read_text())
    ]
    return frozenset(
        str(document["metadata"]["name"])
        for document in documents
        if isinstance(document, dict) and document.get("metadata", {}).get("name")
    )
