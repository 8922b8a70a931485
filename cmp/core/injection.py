"""How a choice enters what is rendered: Helm parameters, Kustomize image arguments."""

from typing import NamedTuple

from cmp.core.image import reference_suffix
from cmp.core.image_list import ManagedImage
from cmp.core.policy import DIGEST_ONLY

_DEFAULT_HELM_NAME = "image.name"
_DEFAULT_HELM_TAG = "image.tag"


class Choice(NamedTuple):
    """An image and what is to be rendered for it."""

    image: ManagedImage
    tag: str
    digest: str = ""


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
    repository = choice.image.repository.written
    name = choice.image.target.kustomize_name or repository
    new_name = "*" if name == repository else repository
    return f"{name}={new_name}{_suffix(choice)}"


def _suffix(choice: Choice) -> str:
    """Return ``:tag``, ``:tag@digest`` or, where that is the form wanted, ``@digest``."""
    is_bare = bool(choice.digest) and choice.image.policy.digest == DIGEST_ONLY
    return reference_suffix("" if is_bare else choice.tag, choice.digest)
