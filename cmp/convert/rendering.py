"""What a conversion changes of what is rendered: images, or nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.choose import Chosen, choose
from cmp.compose import NotYaml, compose
from cmp.convert.files import read_file
from cmp.core.application import PLUGIN, parse_application
from cmp.core.conversion.options import SECTIONS
from cmp.core.conversion.sources import owners
from cmp.core.conversion.stream import split
from cmp.core.yaml_tree import field
from cmp.errors import IndexUnavailable, InvalidApplication, RenderRefused, excerpt
from cmp.index import open_reader
from cmp.render import difference, render_in_time
from cmp.settings import RenderRequest, setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from cmp.convert.files import File
    from cmp.core.application import Application, Source

_GITS = Chosen((), (), allow_empty=True, keys={})


def differences(
    before: list[File], after: list[File], checkout: Checkout
) -> tuple[bytes, list[str]]:
    """Return what differs for all sources that are converted, and notes.

    Raises `RenderRefused` where more than images would differ, and `InvalidApplication` where no
    source is of this checkout.
    """
    output, notes = b"", []
    passed_over: list[str] = []
    rendered = 0
    for old, new in zip(_applications(before), _applications(after), strict=True):
        for number, source in enumerate(new.sources):
            native = old.sources[number]
            if native.plugin == source.plugin:
                continue
            if not (directory := checkout.directory(source)):
                passed_over.append(f"{new}: {source.id} is not in the checkout, and not rendered")
                continue
            lines, said = checkout.difference((old, native), (new, source), directory)
            output += lines
            notes += said
            rendered += 1
    if passed_over and not rendered:
        raise InvalidApplication(f"{passed_over[0]}; name a checkout of its repository")
    return output, notes + passed_over


class Checkout:
    """Where and with what is rendered; without an index all have Git's images."""

    def __init__(
        self, folder: str, env: Mapping[str, str], index: str | None, now: datetime
    ) -> None:
        self._folder = os.path.abspath(folder)
        self._env = env
        self._url = setting(index, env, "CMP_INDEX")
        self._reader = open_reader(self._url, env) if self._url else None
        self._now = now

    def directory(self, source: Source) -> str:
        """Return where a source is; nothing where it is elsewhere, as a chart that is fetched."""
        path = os.path.normpath(source.id.path)
        directory = os.path.join(self._folder, path)
        is_inside = not os.path.isabs(path) and not path.startswith("..")
        return directory if source.id.path and is_inside and os.path.isdir(directory) else ""

    def difference(
        self, old: tuple[Application, Source], new: tuple[Application, Source], directory: str
    ) -> tuple[bytes, list[str]]:
        """Return how one source's manifests differ, and notes."""
        application, _ = new
        before, after = (self._rendered(one, directory) for one in (old, new))
        if before[0] != after[0]:
            lines = difference(before[0], after[0], ("", "")).decode().splitlines()
            first = next(line for line in lines[2:] if line.startswith(("+", "-")))
            raise RenderRefused(
                f"more than images would differ, so do not use it: {excerpt(first)}",
                where=str(application),
            )
        instance = application.instance(self._env.get("CMP_ARGOCD_NAMESPACE", ""))
        notes = [*_left_over(directory, self._folder, instance), *after[2]]
        names = (f"{application} before", f"{application} after")
        return difference(before[1], after[1], names), notes

    def _rendered(
        self, one: tuple[Application, Source], directory: str
    ) -> tuple[bytes, bytes, list[str]]:
        """Return the manifests with Git's images and with those that are chosen."""
        application, source = one
        request = RenderRequest.from_application(application, source, self._env)
        wanted = [_GITS]
        if self._reader is not None and source.plugin == PLUGIN:
            annotations = application.policy(source)
            try:
                wanted.append(choose(request, directory, self._reader, self._now, annotations))
            except IndexUnavailable as error:
                raise error.within(f"index {self._url}") from None
        (gits, _), *chosen = render_in_time(request, directory, wanted, self._env)
        notes = [*wanted[-1].notes, *(note for _, said in chosen for note in said)]
        return gits, chosen[0][0] if chosen else gits, notes


def _applications(files: list[File]) -> Iterator[Application]:
    for file in files:
        for text in split(file.text):
            root = compose(text) if "argoproj.io/" in text else None
            for owner in owners(root) if root is not None else ():
                if not owner.is_set:  # its Applications are known when Argo CD has made them
                    yield parse_application(owner.value)


def _left_over(directory: str, folder: str, instance: str) -> Iterator[str]:
    """Yield what is wrong with files that Argo CD merges into a source (argo-cd, reposerver)."""
    for name in (".argocd-source.yaml", f".argocd-source-{instance}.yaml"):
        file = os.path.join(directory, name)
        if not os.path.isfile(file):
            continue
        try:
            root = compose(read_file(file).text)
        except NotYaml:
            continue  # Argo CD refuses it, whoever renders
        for section in SECTIONS:
            if field(root, section) is not None:
                yield (
                    f"{os.path.relpath(file, folder)} sets {section}, and Argo CD refuses a "
                    f"source with {section} and a plugin; delete it, or move its options into "
                    "the Application"
                )
