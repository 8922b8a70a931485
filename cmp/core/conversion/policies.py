"""What ImageUpdater resources say of images, given to the Applications that they select."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.core.conversion.image_updater import GROUP, KIND, ImageUpdater, parse_image_updater
from cmp.core.conversion.reasons import is_ours
from cmp.core.conversion.sources import at, is_of, manifests, owners
from cmp.core.image_list import read_image_list
from cmp.core.keys import PREFIX, policy_keys
from cmp.core.yaml_change import UNCHANGED, Change, Fields, Items, joined
from cmp.errors import CmpError, InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cmp.core.conversion.image_updater import Reference
    from cmp.core.conversion.sources import Owner
    from cmp.core.json_values import Json
    from cmp.core.yaml_tree import Node


class Policies:
    """All resources, and which Applications their rules have selected.

    Args:
        roots: documents, of which those that are resources are taken.
        as_parameters: give the policy as parameters of the plugin, else as annotations.
    """

    def __init__(self, roots: Iterable[Node], *, as_parameters: bool) -> None:
        self._as_parameters = as_parameters
        self._notes: list[str] = []
        self._resources: list[tuple[Node, bool, ImageUpdater]] = []
        """Each with the document that it is in, and whether it is all of it."""
        self._used: set[tuple[str, str, str]] = set()
        for root in roots:
            for path, _, value in manifests(root):
                if value.get("kind") == KIND and is_of(value, GROUP):
                    updater = parse_image_updater(value)
                    self._resources.append((root, not path, updater))

    def __bool__(self) -> bool:
        return bool(self._resources)

    def change(self, root: Node) -> tuple[Change, int]:
        """Return the change that a document is to have, and of how many Applications it is."""
        change: Change = UNCHANGED
        number = 0
        for owner in owners(root) if self._resources else ():
            found = self._selected(owner)
            if found is None:
                continue
            updater, reference = found
            self._used.add((updater.namespace, updater.name, reference.pattern))
            if reference.keys is None:
                continue
            try:
                change = joined(change, self._given(owner, reference.keys))
            except CmpError as error:
                raise error.within(f"{KIND} {updater.name}: {owner}") from None
            number += 1
        return change, number

    def drops(self, root: Node | None) -> bool:
        """Tell whether a document is a resource that has nothing left to say."""
        return any(
            document is root and is_whole and not self._unused(updater)
            for document, is_whole, updater in self._resources
        )

    def notes(self) -> Iterator[str]:
        """Yield what a person should hear of the resources."""
        yield from self._notes
        for _, is_whole, updater in self._resources:
            if unused := self._unused(updater):
                yield (
                    f"{KIND} {updater.name} is kept: {unused[0]!r} selects no Application of these "
                    "files; name their files too, or give the template of an ApplicationSet its "
                    "annotations by hand"
                )
            elif not is_whole:
                yield f"{KIND} {updater.name} is part of a List, and is kept; take it out"

    def _unused(self, updater: ImageUpdater) -> list[str]:
        return [
            reference.pattern
            for reference in updater.references
            if (updater.namespace, updater.name, reference.pattern) not in self._used
        ]

    def _selected(self, owner: Owner) -> tuple[ImageUpdater, Reference] | None:
        metadata = _object(owner.template.get("metadata"))
        name, namespace = (str(metadata.get(n) or "") for n in ("name", "namespace"))
        if "{{" in name:  # it has its name when Argo CD has made it
            return None
        labels = _object(metadata.get("labels"))
        found = [
            (updater, reference)
            for _, _, updater in self._resources
            if (reference := updater.reference(name, namespace, labels))
        ]
        if len(found) > 1:
            raise InvalidPolicy(
                f"both {KIND} {found[0][0].name} and {found[1][0].name} select it; convert it "
                "with one of them",
                where=str(owner),
            )
        return found[0] if found else None

    def _given(self, owner: Owner, keys: Mapping[str, str]) -> Change:
        read_image_list(keys)
        metadata = _object(owner.template.get("metadata"))
        present = policy_keys({n: str(v) for n, v in _object(metadata.get("annotations")).items()})
        if others := sorted(present.keys() - keys.keys()):
            self._notes.append(
                f"{owner}: its annotation {others[0]!r} counts now; argocd-image-updater passed "
                "over it, for the resource said otherwise. Delete it if it is not meant"
            )
        if not self._as_parameters:
            annotations = {f"{PREFIX}{name}": value for name, value in keys.items()}
            change = Fields({"metadata": Fields({"annotations": Fields(annotations)})})
            return at(owner.template_path, change)
        number = next((n for n, s in enumerate(owner.sources) if is_ours(s.value)), None)
        if number is None:
            raise InvalidPolicy("no source of it is the plugin's, which could have parameters")
        source = owner.sources[number].value
        place = ("spec", "sources", number) if owner.is_multiple else ("spec", "source")
        parameters = tuple(Fields({"name": n, "string": v}) for n, v in keys.items())
        self._refuse_present(source, keys)
        change = Fields({"plugin": Fields({"parameters": Items({}, parameters)})})
        return at((*owner.template_path, *place), change)

    def _refuse_present(self, source: dict[str, Json], keys: Mapping[str, str]) -> None:
        listed = _object(source.get("plugin")).get("parameters")
        given = [_object(item).get("name") for item in listed] if isinstance(listed, list) else []
        for name in keys:
            if name in given:
                raise InvalidPolicy("the plugin has such a parameter already", where=name)


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
