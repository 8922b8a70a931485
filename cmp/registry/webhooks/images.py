"""Images as webhooks name them: a host here, a path there, often several."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from cmp.core.image import Repository, is_tag
from cmp.errors import InvalidInput, quoted
from cmp.registry.webhooks.base import Pushed, PushedImage

_COMPLAINTS = 10  # events one delivery can complain of; of more, their number is enough


def image(host: str, path: str, tag: str = "") -> PushedImage:
    """Return the repository at ``path``; a digest where a tag should be is no tag.

    Raises `InvalidInput` for a host that no image can name: one without a dot and a port would
    be read as a user of Docker Hub's.
    """
    host = host.lower()
    named = host == "localhost" or "." in host or ":" in host
    if not named or "/" in host or not host.isprintable():
        raise InvalidInput(f"{quoted(host[:80])} is no registry's host")
    return Repository.parse(f"{host}/{path}"), tag if is_tag(tag) else ""


def host_of(written: str) -> str:
    """Return host and port of an URL, or of an image's name; a user that stands there is not."""
    rest = re.sub(r"\A[A-Za-z][A-Za-z0-9+.-]*://", "", written)
    return rest.partition("/")[0].rpartition("@")[2]


def is_chart(media_type: str) -> bool:
    """Tell whether a configuration's type is a Helm chart's (Helm, "OCI MediaTypes")."""
    return media_type.startswith("application/vnd.cncf.helm.")


def gathered(
    items: Iterable[Any], read: Callable[[Any], Iterable[PushedImage]], *, each: str, why: str
) -> Pushed:
    """Return what all ``items`` push; one that cannot be read does not lose the others.

    Raises the first `InvalidInput` where nothing else came of them.

    Args:
        items: what ``read`` is to be called with.
        read: returns the images of one.
        each: what one is called in a complaint; its number goes after it.
        why: why there is nothing, where all could be read.
    """
    images: dict[PushedImage, None] = {}
    errors: list[InvalidInput] = []
    more = 0
    for number, item in enumerate(items, 1):
        try:
            images.update(dict.fromkeys(read(item)))
        except InvalidInput as error:
            if len(errors) < _COMPLAINTS:
                errors.append(error.within(f"{each} {number}"))
            else:
                more += 1
    if errors and not images:
        raise errors[0]
    complaints = [str(error) for error in errors]
    if more:
        complaints.append(f"and {more} more could not be read")
    return Pushed(tuple(images), why="" if images else why, complaints=tuple(complaints))
