"""How a choice enters what is rendered: Helm parameters, Kustomize image arguments, text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.image import Image, Repository, reference_suffix, split_tag
from cmp.core.policy import DIGEST_ONLY
from cmp.errors import InvalidImage

if TYPE_CHECKING:
    from cmp.core.image_list import ManagedImage

_DEFAULT_HELM_NAME = "image.name"
_DEFAULT_HELM_TAG = "image.tag"


class Choice(NamedTuple):
    """An image and what is to be rendered for it."""

    image: ManagedImage
    tag: str
    digest: str = ""


class KustomizeSetting(NamedTuple):
    """An entry of a kustomization's images; what is empty is not given."""

    name: str
    new_name: str
    tag: str
    digest: str


def helm_parameters(choice: Choice) -> tuple[tuple[str, str], ...]:
    """Return (name, value) pairs for ``--set-string``.

    Names and defaults are argocd-image-updater's (reference/image-updater.md §5): the spec
    parameter takes the whole reference and wins; else the name takes the repository as its
    owner wrote it and the tag takes ``tag[@digest]``.
    """
    target, repository = choice.image.target, choice.image.repository.written
    suffix = _suffix(choice)
    if target.helm_spec:
        return ((target.helm_spec, repository + suffix),)
    name, tag = target.helm_name or _DEFAULT_HELM_NAME, target.helm_tag or _DEFAULT_HELM_TAG
    if suffix.startswith("@"):
        # A chart writes name:tag. The colon within the digest is the only one there can be.
        algorithm, _, encoded = suffix.partition(":")
        return ((name, repository + algorithm), (tag, encoded))
    return ((name, repository), (tag, suffix.removeprefix(":")))


def kustomize_image(choice: Choice) -> str:
    """Return the argument for ``kustomize edit set image``.

    ``name=*:tag`` keeps a newName that the kustomization has for the image already; where
    the manifests call the image by another name, that is mapped to the owner's repository.
    """
    name, new_name, tag, digest = kustomize_setting(choice)
    return f"{name}={new_name or '*'}{reference_suffix(tag, digest)}"


def kustomize_setting(choice: Choice) -> KustomizeSetting:
    """Return an image as a kustomization has it; its new name stays where none is given."""
    repository = choice.image.repository.written
    name = choice.image.target.kustomize_name or repository
    new_name = "" if name == repository else repository
    return KustomizeSetting(name, new_name, _tag(choice), choice.digest)


def placed_image(choice: Choice, written: str) -> str | None:
    """Return what goes in place of an image in manifests; None when it is another image.

    Its name stays as it is written there, but where it is what ``kustomize.image-name`` says
    the manifests call the image.
    """
    owner, name = choice.image.repository, choice.image.target.kustomize_name
    there = split_tag(written.partition("@")[0])[0]
    if name and there == name:
        return owner.written + _suffix(choice)
    try:
        found = Image.parse(written).repository
        if found == (Repository.parse(name) if name else owner):
            return (there if found == owner else owner.written) + _suffix(choice)
    except InvalidImage:
        pass
    return None


def is_set_by(kind: str, choice: Choice) -> bool:
    """Tell whether an image is set as the renderer ``kind`` does by itself, whatever that is.

    One with a ``manifest-path`` is not, unless it has a key for that renderer too.
    """
    target = choice.image.target
    own = {
        "helm": target.helm_name or target.helm_tag or target.helm_spec,
        "kustomize": target.kustomize_name,
        "directory": target.kustomize_name,
    }
    return not target.manifest_paths or bool(own[kind])


def _suffix(choice: Choice) -> str:
    """Return ``:tag``, ``:tag@digest`` or, where that is the form wanted, ``@digest``."""
    return reference_suffix(_tag(choice), choice.digest)


def _tag(choice: Choice) -> str:
    is_bare = bool(choice.digest) and choice.image.policy.digest == DIGEST_ONLY
    return "" if is_bare else choice.tag
