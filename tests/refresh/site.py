"""A place for passes of the refresher: Applications, a registry, and the store."""

import uuid
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

from cmp import refresh
from cmp.__main__ import COMMANDS
from cmp.core.image import Repository
from cmp.core.keys import PREFIX
from cmp.core.record import History, Recorded
from cmp.core.snapshot import Snapshot
from cmp.index import Manifest, open_index
from tests.support import images
from tests.support.faults import FaultyRegistry
from tests.support.registry import RegistryServer

HOUR = timedelta(hours=1)


class Site:
    """Passes are made one hour after the other, from 2026-11-23 08:00 on."""

    def __init__(self, root: Path, registry: RegistryServer, faulty: FaultyRegistry) -> None:
        self.faulty = faulty
        self.now = datetime(2026, 11, 23, 7, tzinfo=UTC)
        self.root = root
        self.store = root / "store"
        self.registries = root / "registries.conf"
        self.applications = root / "applications"
        self.applications.mkdir()
        self._registry = registry
        self._namespace = f"t{uuid.uuid4().hex[:10]}"

    @property
    def store_url(self) -> str:
        return f"file://{self.store}"

    def path(self, name: str = "app") -> str:
        """Return a repository's path, as it stands in requests."""
        return f"{self._namespace}/{name}"

    def image(self, name: str = "app") -> str:
        """Return a repository as an owner writes it."""
        return f"{self.faulty.host}/{self.path(name)}"

    def push(self, *tags: str, to: str = "app", created: str = "2026-01-01T00:00:00Z") -> None:
        """Push an image for each tag."""
        for tag in tags:
            images.push_image(
                self._registry.url, self.path(to), tag, created=created, salt=tag + created
            )

    def push_index(self, tag: str, platforms: Mapping[str, str], *, to: str = "app") -> None:
        """Push an image for several platforms, each with the time of its build."""
        images.push_index(self._registry.url, self.path(to), tag, platforms)

    def push_chart(self, tag: str, *, to: str = "app") -> None:
        """Push a Helm chart, which is no image."""
        images.push_artifact(self._registry.url, self.path(to), tag)

    def delete(self, tag: str, *, of: str = "app") -> None:
        """Take a tag out of the registry."""
        images.delete_manifest(self._registry.url, self.path(of), tag)

    def application(
        self, image_list: str = "", *, name: str = "guestbook", namespace: str = "", **keys: str
    ) -> Path:
        """Write an Application; ``update_strategy`` among ``keys`` is ``app.update-strategy``.

        Without ``image_list`` its image is ``app``, for which `push` pushes.
        """
        annotations = {f"{PREFIX}app.{k.replace('_', '-')}": value for k, value in keys.items()}
        annotations[f"{PREFIX}image-list"] = image_list or f"app={self.image()}"
        manifest = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": namespace, "annotations": annotations},
            "spec": {"source": {"repoURL": "https://git.test/x.git", "path": "chart"}},
        }
        file = self.applications / f"{namespace}{name}.yaml"
        file.write_text(yaml.safe_dump(manifest))
        return file

    def configure(self, **keys: Any) -> None:
        """Write registries.conf with an entry for the registry."""
        entry = {"name": "tests", "prefix": self.faulty.host, "api_url": self.faulty.url, **keys}
        self.registries.write_text(yaml.safe_dump({"registries": [entry]}))

    def arguments(self, *more: str) -> list[str]:
        """Return the arguments of ``refresh`` for this place."""
        given = ["--once", "--applications", str(self.applications), "--store", self.store_url]
        if self.registries.exists():
            given += ["--registries", str(self.registries)]
        return [*given, *more]

    def refresh(self, *more: str, **env: str) -> int:
        """Make a pass, in this process, and return its exit status."""
        return self.call(self.arguments(*more), env)

    def call(self, arguments: Sequence[str], env: Mapping[str, str]) -> int:
        """Call the command with whatever arguments and variables."""
        self.now += HOUR
        parser = ArgumentParser()
        refresh.configure(parser)
        return refresh.main(parser.parse_args(arguments), env, self.now)

    def say(self, command: str, *arguments: str) -> int:
        """Say, as a person, ``pin``, ``hold``, ``rollback`` or ``release`` of the Application."""
        module = import_module(COMMANDS[command][0])
        parser = ArgumentParser()
        module.configure(parser)
        args = parser.parse_args(["guestbook", *arguments, "--store", self.store_url])
        status: int = module.main(args, {"USER": "alice"}, self.now)
        return status

    @property
    def manifest(self) -> Manifest:
        found = open_index(self.store_url).manifest()
        assert found is not None
        return found

    def snapshot(self, name: str = "app") -> Snapshot:
        found = open_index(self.store_url).snapshot(Repository.parse(self.image(name)))
        assert found is not None
        return found

    def decisions(self, instance: str = "guestbook") -> Mapping[str, Recorded]:
        """Return the recorded decisions of an Application's only source, by alias."""
        found = open_index(self.store_url).application(instance)
        assert found is not None
        (source,) = found.sources
        return source.decisions

    def decision(self, instance: str = "guestbook", alias: str = "app") -> Recorded:
        return self.decisions(instance)[alias]

    def tag(self, instance: str = "guestbook", alias: str = "app") -> str:
        """Return the tag in force."""
        return self.decision(instance, alias).tag

    def history(self, instance: str = "guestbook") -> History:
        return open_index(self.store_url).history(instance)

    def file(self, kind: str) -> Path:
        """Return the only document of a kind, such as ``repositories``."""
        (file,) = (self.store / kind).iterdir()
        return file

    def contents(self) -> dict[str, bytes]:
        """Return all files of the store."""
        files = (path for path in self.store.rglob("*") if path.is_file())
        return {str(path.relative_to(self.store)): path.read_bytes() for path in files}
