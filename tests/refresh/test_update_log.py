"""The lines that argocd-image-updater's users look for."""

import logging

import pytest

from cmp.log import LogfmtFormatter
from cmp.refresh.update_log import Updated, log_updates

_GUESTBOOK = "registry.test:5000/haoshuwei24/guestbook"
_UPDATED = (
    f"level=info msg=\"Successfully updated image '{_GUESTBOOK}:v1' to '{_GUESTBOOK}:v4', "
    'but pending spec update (dry run={})" alias=guestbook application=guestbook '
    "image_name=haoshuwei24/guestbook image_tag=v1 registry=registry.test:5000"
)


@pytest.mark.parametrize(
    ("is_dry", "end"),
    [
        ("false", "Committing 1 parameter update(s) for application guestbook"),
        ("true", "Dry run - not committing 1 changes to application guestbook"),
    ],
)
def test_an_update_is_logged_as_users_know_it(
    caplog: pytest.LogCaptureFixture, is_dry: str, end: str
) -> None:
    caplog.set_level(logging.INFO, "cmp")
    updates = [
        Updated("guestbook", f"{_GUESTBOOK}:v1", f"{_GUESTBOOK}:v4"),
        Updated("as in Git again", f"{_GUESTBOOK}:v1", ""),
    ]
    log_updates("guestbook", updates, 1, dry_run=is_dry == "true")
    assert [LogfmtFormatter().format(record) for record in caplog.records] == [
        _UPDATED.format(is_dry),
        f'level=info msg="{end}" application=guestbook',
    ]
