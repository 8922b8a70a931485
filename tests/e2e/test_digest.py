"""A tag that is pushed again: what runs is what it names now."""

import pytest

from tests.support.images import push_image
from tests.support.scene import WITHIN_S, Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_tag_that_is_pushed_again(scene: Scene) -> None:
    book = scene.guestbook
    book.push("v1")
    scene.refresher.start()
    scene.refresher.wait_for_pass()
    app = scene.create(f"guestbook={book.image}:v1", keys={"guestbook.update-strategy": "digest"})
    by_digest = f"{book.image}:v1@sha256:"

    def runs(*, not_: str = "") -> str:
        image = app.images().get("frontend", "")
        return image if image.startswith(by_digest) and image != not_ else ""

    first = wait_for("it runs by digest", runs, within_s=WITHIN_S + 10)
    created = "2026-02-01T00:00:00Z"
    push_image(book.registry.url, f"{book.namespace}/app", "v1", created=created, salt="again")

    wait_for("it runs the other", lambda: runs(not_=first), within_s=WITHIN_S)
