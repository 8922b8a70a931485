"""The judge of what we render: Argo CD's repo-server, asked natively and through our plugin."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from allpairspy import AllPairs

from cmp.core.application import parse_application
from cmp.core.image import Repository
from cmp.core.snapshot import Snapshot, Tag
from cmp.index import Manifest
from cmp.index.file import FileIndex
from cmp.settings import environment
from tests.support.git import commit_all
from tests.support.repo_server import Generated, Refused, RepoServer

Options = Mapping[str, Any]
"""Of a native source's section, as an Application has them; None is not given."""
Axes = Mapping[str, Sequence[Any]]
"""For each option what it may be."""
_LISTED = datetime(2026, 1, 1, tzinfo=UTC)
_NOTHING = "nothing was rendered, and Argo CD would delete what runs"
_EVERYDAY = 5
"""Combinations of a source that `make test` tries; the rest is for CI."""
_BESIDE = ("namespace", "appName", "kubeVersion", "apiVersions", "kustomizeOptions")
"""What stands in the request and in no section, written in axes with a dot before it."""


class Source(NamedTuple):
    """A repository with one source in it, and the options it is to be tried with."""

    kind: str
    """The native section: helm, kustomize or directory."""
    files: Mapping[str, str | bytes]
    """By their paths in the repository; a text that begins with ``-> `` is a link."""
    axes: Axes = MappingProxyType({})
    path: str = "app"


class Judge:
    """Renders a source natively and through our plugin.

    Args:
        repo_server: running, with our plugin.
        folder: where repositories are made.
    """

    def __init__(self, repo_server: RepoServer, folder: Path) -> None:
        self.repo_server = repo_server
        self._folder = folder
        self._index = FileIndex(f"file://{repo_server.index}")
        self._publish()

    def index(self, repository: str, *tags: str, **digests: str) -> None:
        """Let the plugin find these tags in ``repository``, some with their digests."""
        known = {
            tag: Tag(tag, first_seen=_LISTED, kind="image", digest=digests.get(tag))
            for tag in (*tags, *digests)
        }
        snapshot = Snapshot(Repository.parse(repository), listed_at=_LISTED, tags=known)
        with self._index.writing():
            self._index.put_snapshot(snapshot)
        self._publish()

    def _publish(self) -> None:
        with self._index.writing():
            self._index.put_manifest(Manifest("tests", 1, datetime.now(UTC), complete=True))  # noqa: TID251 - an old index makes a note

    def repository(self, source: Source) -> str:
        """Make the source's repository, and return its URL."""
        folder = self._folder / "repository"
        for name, content in source.files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                file.write_bytes(content)
            elif content.startswith("-> "):
                file.symlink_to(content.removeprefix("-> "))
            else:
                file.write_text(content)
        commit_all(folder, "A source")
        return f"file://{folder}"

    def differences(self, source: Source) -> str:
        """Return where we differ from Argo CD, over all pairs of the source's options."""
        url = self.repository(source)
        found, refusals = [], []
        every = list(combinations(source.axes))
        for options in every:
            native = self.natively(source, url, options)
            ours = self.through_us(source, url, options)
            if isinstance(native, Refused):
                refusals.append(str(native))
            if difference := _difference(native, ours):
                found.append(f"{_shown(options)}\n{difference}")
        if _tries_all() and len(refusals) == len(every):
            found.append(f"Argo CD renders it with no options at all: {refusals[0]}")
        return "\n".join(found)

    def natively(self, source: Source, url: str, options: Options) -> Generated | Refused:
        """Return what Argo CD itself makes of it."""
        section, request = _split(options)
        return self._generate({"repoURL": url, "path": source.path, source.kind: section}, request)

    def through_us(
        self,
        source: Source,
        url: str,
        options: Options,
        policy: Mapping[str, str] | None = None,
    ) -> Generated | Refused:
        """Return what our plugin makes of it, with the same options as parameters."""
        section, request = _split(options)
        parameters = [*as_parameters(source.kind, section), *as_strings(policy or {})]
        return self.with_parameters(source, url, parameters, request)

    def with_parameters(
        self,
        source: Source,
        url: str,
        parameters: Sequence[Mapping[str, Any]],
        request: Options = MappingProxyType({}),
    ) -> Generated | Refused:
        """Return what our plugin makes of parameters, as an Application has them."""
        plugin = {"name": "image-cmp", "parameters": parameters}
        return self._generate({"repoURL": url, "path": source.path, "plugin": plugin}, request)

    def _generate(
        self, source: Mapping[str, Any], request: Mapping[str, Any]
    ) -> Generated | Refused:
        try:
            return self.repo_server.generate(source, **request)
        except Refused as refused:
            return refused


def combinations(axes: Axes) -> Iterator[Options]:
    """Yield options in which each two values of two options meet; every day fewer of them."""
    names = sorted(axes)
    if len(names) < 2:  # AllPairs wants pairs
        pairs: Iterable[Sequence[Any]] = ([value] for name in names for value in axes[name])
        pairs = pairs if names else [[]]
    else:
        pairs = AllPairs([axes[name] for name in names])
    everything = [
        {n: v for n, v in zip(names, values, strict=True) if v is not None} for values in pairs
    ]
    if not _tries_all() and len(everything) > _EVERYDAY:
        # From the end: the first has only first values.
        everything = everything[:: -max(3, len(everything) // _EVERYDAY)]
    yield from everything


def _tries_all() -> bool:
    return environment().get("CI") == "true"


def as_parameters(kind: str, section: Options) -> list[dict[str, Any]]:
    """Return the plugin parameters that replace a native section, as an Application has them."""
    manifest = {
        "metadata": {"name": "guestbook"},
        "spec": {"source": {"repoURL": "file:///", "path": "app", kind: section}},
    }
    (source,) = parse_application(manifest).sources
    kinds = {str: "string", tuple: "array"}
    return [
        {"name": name, kinds.get(type(value), "map"): value}
        for name, value in source.parameters.items()
    ]


def as_strings(policy: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return policy keys as plugin parameters."""
    return [{"name": name, "string": value} for name, value in policy.items()]


def changes(before: Generated, after: Generated) -> dict[str, tuple[Any, Any]]:
    """Return the scalars that differ, by the place of each; everything else must be equal."""
    assert len(before.manifests) == len(after.manifests)
    found: dict[str, tuple[Any, Any]] = {}
    for old, new in zip(before.manifests, after.manifests, strict=True):
        first, second = json.loads(old), json.loads(new)
        where = f"{first['kind']}/{first['metadata'].get('name', '')}"
        found |= dict(_changes(where, first, second))
    return found


def _changes(where: str, old: Any, new: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _changes(f"{where}.{key}", old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (first, second) in enumerate(zip(old, new, strict=True)):
            yield from _changes(f"{where}[{number}]", first, second)
    elif old != new:
        yield where, (old, new)


def _split(options: Options) -> tuple[dict[str, Any], dict[str, Any]]:
    section = {n: v for n, v in options.items() if not n.startswith(".")}
    request = {n[1:]: v for n, v in options.items() if n.startswith(".")}
    assert set(request) <= set(_BESIDE)
    return section, request


def _difference(native: Generated | Refused, ours: Generated | Refused) -> str:
    if isinstance(native, Refused) and isinstance(ours, Refused):
        return ""
    if isinstance(native, Generated) and not native.manifests and _NOTHING in str(ours):
        return ""  # by design: Argo CD would delete what runs
    if isinstance(native, Refused) or isinstance(ours, Refused):
        return f"  natively: {_outcome(native)}\n  ours: {_outcome(ours)}"
    if native.manifests == ours.manifests:
        return ""
    lines = [f"  natively: {' '.join(native.commands)}"]
    lines += [f"  - {m}" for m in native.manifests if m not in ours.manifests]
    lines += [f"  + {m}" for m in ours.manifests if m not in native.manifests]
    return "\n".join([*lines, "  (in another order)"] if len(lines) == 1 else lines)


def _outcome(outcome: Generated | Refused) -> str:
    if isinstance(outcome, Refused):
        return f"error: {outcome}"
    return f"{len(outcome.manifests)} manifests"


def _shown(options: Options) -> str:
    return json.dumps(options, default=str)
