"""Files of a repository with images written into them."""

from collections.abc import Iterable

from cmp.core.image_list import read_image_list
from cmp.core.injection import Choice
from cmp.core.write_back_target import WriteBackTarget
from cmp.writeback import Wanted, edited

IMAGE = "registry.test/team/app"


def choice(
    alias: str = "app", image: str = IMAGE, tag: str = "v2", digest: str = "", **keys: str
) -> Choice:
    """Return a choice; ``helm_image_tag`` is the image's key ``helm.image-tag``."""
    own = {f"{alias}.digest": keys.pop("_digest", "")} | {
        f"{alias}.{name.replace('_', '.', 1).replace('_', '-')}": value
        for name, value in keys.items()
    }
    (managed,) = read_image_list({"image-list": f"{alias}={image}", **own}).images
    return Choice(managed, tag, digest)


def written(
    text: str | bytes | None,
    choices: Iterable[Choice] = (),
    *,
    target: str = "",
    source: str = "helm",
) -> str:
    """Return the file with the images in it; once more changes nothing."""
    read = WriteBackTarget.parse(target, source=source, path="deploy", instance="guestbook")
    wanted = Wanted("guestbook", tuple(choices) or (choice(),))
    content = text.encode() if isinstance(text, str) else text
    result = edited(read, content, wanted)
    assert result is not None
    assert edited(read, result, wanted) == result
    return result.decode()
