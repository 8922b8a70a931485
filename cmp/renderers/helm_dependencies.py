"""Charts that a chart depends on and does not hold: ``helm dependency build``, as Argo CD."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cmp.errors import InvalidSource, RenderRefused, ToolFailed
from cmp.renderers.checkout import private_copy
from cmp.renderers.helm import homes
from cmp.renderers.process import needs_network, run
from cmp.renderers.scratch import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmp.renderers import Job

_FILE = "file://"
_NO_CREDENTIALS = (
    "a plugin has none of Argo CD's credentials: put a private chart into charts/, or leave "
    "this Application native"
)


@contextmanager
def with_dependencies(job: Job) -> Iterator[Job]:
    """Give ``job`` in a private copy whose ``charts/`` is filled.

    Raises:
        InvalidSource: a dependency cannot be had by a plugin, or not without the network.
        RenderRefused: helm does not accept what the repository itself holds.
        ToolFailed: where the charts come from did not give them.
    """
    addresses = _addresses(job, "Chart.yaml")
    remote = [a for a in (*addresses, *_addresses(job, "requirements.yaml")) if _is_remote(job, a)]
    for address in remote:
        needs_network(job.env, f"the dependency of {address}", where="Chart.yaml")
    with (
        private_copy(job) as copy,
        _lock_as_it_was(copy.directory),
        temporary_folder(copy) as (home, held),
    ):
        # helm keeps there what it is told of a repository, until it has read it.
        built = held._replace(env={**held.env, **homes(home), "TMPDIR": home})
        try:
            for address in addresses:
                if address.startswith("https://"):
                    name = address.replace("/", "-")
                    _helm(built, "repo", "add", name, address)
            _helm(built, "dependency", "build")
        except RenderRefused as error:
            if not remote:
                raise
            raise ToolFailed(f"{error.message} ({_NO_CREDENTIALS})", where=error.where) from None
        yield built


def _helm(job: Job, *arguments: str) -> None:
    run(job, ["helm", *arguments])


@contextmanager
def _lock_as_it_was(directory: str) -> Iterator[None]:
    """Undo what helm does to Chart.lock: the next render has to find what Git holds."""
    path = os.path.join(directory, "Chart.lock")
    before = _content(path)
    try:
        yield
    finally:
        if before is not None:
            with open(path, "wb") as file:
                file.write(before)
        elif os.path.exists(path):
            os.unlink(path)


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _is_remote(job: Job, address: str) -> bool:
    """Tell whether a dependency is not of this repository; raise `InvalidSource` if it never is."""
    if not address:
        return False
    if address.startswith(("@", "alias:")):
        raise InvalidSource(
            f"the dependency of {address!r} names a repository in Argo CD's settings, which a "
            "plugin does not see; write its https address, put the chart into charts/, or leave "
            "this Application native",
            where="Chart.yaml",
        )
    if not address.startswith(_FILE):
        return True
    folder = os.path.realpath(os.path.join(job.directory, address.removeprefix(_FILE)))
    root = os.path.realpath(job.root)
    if folder != root and not folder.startswith(root + os.sep):
        raise InvalidSource(
            f"the dependency of {address!r} leads out of the repository; name a folder inside it",
            where="Chart.yaml",
        )
    return False


def _addresses(job: Job, file: str) -> list[str]:
    content = _content(os.path.join(job.directory, file))
    if content is None:
        return []
    import yaml

    try:
        chart: Any = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidSource(f"not YAML: {' '.join(str(error).split())}", where=file) from error
    listed = chart.get("dependencies") if isinstance(chart, dict) else None
    entries = [d for d in listed if isinstance(d, dict)] if isinstance(listed, list) else []
    return [str(entry.get("repository") or "") for entry in entries]
