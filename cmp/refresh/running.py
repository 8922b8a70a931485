"""Which of the images that are wanted Argo CD says that it synced, or that run."""

from collections.abc import Collection, Iterable

from cmp.refresh.observed import Observed
from cmp.refresh.wanted import Wanted, WantedImage


def runs(app: Observed, images: Collection[WantedImage]) -> bool:
    """Tell whether all that is wanted was synced, and nothing else of its repositories."""
    return all(
        is_there(app, image)
        and all(
            any(other.is_among((deployed,)) for other in _same_repository(images, image))
            for deployed in app.deployed(image.repository)
        )
        for image in images
    )


def older(app: Observed, wanted: Wanted) -> list[str]:
    """Return what is wanted and not there, while another image of its repository is."""
    return [
        image.reference
        for image in wanted.images
        if not is_there(app, image) and app.deployed(image.repository)
    ]


def is_there(app: Observed, image: WantedImage) -> bool:
    """Tell whether an image was synced last, or runs."""
    return image.is_among(app.seen(image.repository))


def _same_repository(images: Iterable[WantedImage], image: WantedImage) -> list[WantedImage]:
    return [other for other in images if other.repository == image.repository]


def not_listed(app: Observed, wanted: Wanted) -> str:
    """Return what to tell people of those that are not among them, or nothing."""
    names = ", ".join(image.reference for image in wanted.images if not is_there(app, image))
    return f"Argo CD does not list {names} among the images it synced" if names else ""
