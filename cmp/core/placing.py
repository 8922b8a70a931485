"""The chosen images in the text of manifests: which scalar becomes which."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.image import is_tag
from cmp.core.injection import placed_image
from cmp.core.manifests import at, pod_images, resources
from cmp.core.splice import aliases, occurrences, replacement, written_out
from cmp.core.yaml_tree import Alias, Mapping, Scalar, is_null, resolved
from cmp.errors import InvalidSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cmp.core.injection import Choice
    from cmp.core.manifest_path import ManifestPath
    from cmp.core.manifests import Resource
    from cmp.core.splice import Edit
    from cmp.core.yaml_tree import Node

_MOST_PLACES = 100_000
"""In one document: aliases of aliases can stand for more than could ever be written."""


class Wanted(NamedTuple):
    """A choice, and where it may go."""

    choice: Choice
    in_pods: bool
    """Wherever a PodSpec has an image of its name."""

    @property
    def paths(self) -> tuple[ManifestPath, ...]:
        """Where else, in resources of other kinds."""
        return self.choice.image.target.manifest_paths


class Found(NamedTuple):
    """What a document, or several, had of what was wanted."""

    edits: tuple[Edit, ...] = ()
    aliases: frozenset[str] = frozenset()
    """Of images that stand there."""
    kinds: frozenset[ManifestPath] = frozenset()
    """Paths of whose kind there is a resource."""
    reached: frozenset[ManifestPath] = frozenset()
    """Those that lead somewhere."""

    def joined(self, other: Found) -> Found:
        """Return both, without edits: they are of one document each."""
        return Found(
            aliases=self.aliases | other.aliases,
            kinds=self.kinds | other.kinds,
            reached=self.reached | other.reached,
        )


class _Place(NamedTuple):
    node: Scalar | Alias
    resource: Resource
    position: tuple[int, tuple[str, ...]]
    """In the document with aliases written out: which resource, and the steps from there."""
    wanted: Wanted
    path: ManifestPath | None
    """The one that leads there; None for a PodSpec."""

    @property
    def written(self) -> str:
        """The image that stands there."""
        scalar = resolved(self.node)
        return scalar.value if isinstance(scalar, Scalar) else ""


def find(root: Node, text: str, wanted: Iterable[Wanted]) -> Found:
    """Return the edits that set the images in one document; raise `InvalidSource`."""
    wanted = tuple(wanted)
    places = list(islice(_places(root, wanted), _MOST_PLACES + 1))
    if len(places) > _MOST_PLACES:
        raise InvalidSource(f"more than {_MOST_PLACES} images in one document; write fewer aliases")
    by_node: dict[int, list[_Place]] = {}
    for place in places:
        by_node.setdefault(id(place.node), []).append(place)
    chosen = [choice for claims in by_node.values() if (choice := _chosen(claims))]
    edits = [replacement(text, place.node, value) for place, value in chosen]
    named = list(aliases(root)) if chosen else []
    if named:
        counts = occurrences(root)
        for place, _ in chosen:
            _check_only_images(place, by_node[id(place.node)], counts[id(place.node)])
        changed = {id(place.node) for place, _ in chosen}
        edits += (
            written_out(alias, alias.target)
            for alias in named
            if isinstance(alias.target, Scalar)
            and id(alias.target) in changed
            and id(alias) not in changed
        )
    return Found(
        tuple(edits),
        frozenset(place.wanted.choice.image.alias for place, _ in chosen),
        frozenset(p for w in wanted for p in w.paths for r in resources(root) if _is_of(r, p)),
        frozenset(place.path for place in places if place.path),
    )


def notes(wanted: Iterable[Wanted], found: Found) -> Iterator[str]:
    """Yield what an owner should hear of images that are not in what was rendered."""
    for one in wanted:
        image = one.choice.image
        for path in one.paths:
            where = f"image {image.alias}: manifest-path {path}"
            if path not in found.kinds:
                yield f"{where}: nothing of that kind is rendered"
            elif path not in found.reached:
                yield f"{where}: leads nowhere in any {path.kind}"
        is_there = image.alias in found.aliases
        if not is_there and (one.in_pods or found.reached & set(one.paths)):
            name = image.target.kustomize_name or image.repository.written
            yield f"image {image.alias}: no image {name} stands where it is to be set"


def _places(root: Node, wanted: tuple[Wanted, ...]) -> Iterator[_Place]:
    """Yield each place of an image, with each that may go there."""
    for number, resource in enumerate(resources(root)):
        for one in wanted:
            for steps, node in pod_images(resource) if one.in_pods else ():
                if isinstance(node, Scalar | Alias) and isinstance(resolved(node), Scalar):
                    yield _Place(node, resource, (number, steps), one, None)
            for path in one.paths:
                for steps, node in (
                    at(resource.node, path.pointer) if _is_of(resource, path) else ()
                ):
                    if not is_null(node):
                        scalar = _scalar(node, resource, one, path)
                        yield _Place(scalar, resource, (number, steps), one, path)


def _is_of(resource: Resource, path: ManifestPath) -> bool:
    return (resource.group, resource.kind) == (path.group, path.kind)


def _scalar(node: Node, resource: Resource, wanted: Wanted, path: ManifestPath) -> Scalar | Alias:
    if isinstance(node, Scalar | Alias) and isinstance(resolved(node), Scalar):
        return node
    kind = "mapping" if isinstance(resolved(node), Mapping) else "list"
    raise InvalidSource(
        f"leads to a {kind} in {resource}; lead it on to the image, with * for each item of a list",
        where=f"image {wanted.choice.image.alias}: manifest-path {path}",
    )


def _chosen(claims: list[_Place]) -> tuple[_Place, str] | None:
    """Return what goes to one place; None to leave what is there. Raises `InvalidSource`.

    A path wins over a PodSpec that leads to the same place.
    """
    for are_paths in (True, False):
        matching = {
            claim.wanted.choice.image.alias: (claim, value)
            for claim in claims
            if (claim.path is not None) is are_paths
            and (value := placed_image(claim.wanted.choice, claim.written)) is not None
        }
        if len(matching) > 1:
            raise _ambiguous(claims[0], [*matching])
        if matching:
            return next(iter(matching.values()))
    for claim in claims:
        if claim.path and is_tag(claim.written):
            raise InvalidSource(
                f"{claim.written!r} in {claim.resource} names no registry and no tag; write the "
                f"whole image there, as {claim.wanted.choice.image.repository.written}:"
                f"{claim.written}",
                where=f"image {claim.wanted.choice.image.alias}: manifest-path {claim.path}",
            )
    return None


def _ambiguous(place: _Place, aliases: list[str]) -> InvalidSource:
    first, second = aliases[:2]
    return InvalidSource(
        f"images {first} and {second} could both be {place.written}; say where each stands with "
        f"{first}.manifest-path and {second}.manifest-path, or leave one of them out",
        where=str(place.resource),
    )


def _check_only_images(place: _Place, claims: list[_Place], count: int) -> None:
    """Refuse to change what aliases show elsewhere too, where it is no image."""
    positions = {claim.position for claim in claims if claim.wanted == place.wanted}
    if count != len(positions):
        raise InvalidSource(
            f"{place.written} is part of what an anchor names, and that stands where no image is "
            "too; write it out there",
            where=str(place.resource),
        )
