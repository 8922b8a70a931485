"""What is written of images, in argocd-image-updater's words: people look for them in the log."""

import logging
from collections.abc import Iterable
from typing import NamedTuple

from cmp.core.image import Image
from cmp.errors import InvalidImage

log = logging.getLogger(__name__)


class Updated(NamedTuple):
    """One image that is written; references as ``registry/path:tag``."""

    alias: str
    before: str
    after: str
    """Empty where it is Git's again."""


def log_updates(
    application: str, updates: Iterable[Updated], parameters: int, *, dry_run: bool = False
) -> None:
    """Say what becomes of each image, and how many of them are written, or would be.

    Texts and fields are those of argocd-image-updater (reference/image-updater.md §8): of the
    image they name the tag before.
    """
    own = {"application": application}
    for update in updates:
        if update.after:
            log.info(
                "Successfully updated image '%s' to '%s', but pending spec update (dry run=%s)",
                *(update.before, update.after, str(dry_run).lower()),
                extra={"alias": update.alias, **own, **_fields(update.before)},
            )
    text = "Committing %d parameter update(s) for application %s"
    if dry_run:
        text = "Dry run - not committing %d changes to application %s"
    log.info(text, parameters, application, extra=own)


def _fields(reference: str) -> dict[str, str]:
    try:
        image = Image.parse(reference)
    except InvalidImage:  # as a cluster may name one that was loaded, not pulled
        return {"image_name": reference, "image_tag": "", "registry": ""}
    name, tag = image.repository.path, image.tag or image.digest or ""
    return {"image_name": name, "image_tag": tag, "registry": image.repository.host}
