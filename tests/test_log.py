"""Logs as people and as log stacks read them."""

import json
import logging
from collections.abc import Iterator

import pytest

from cmp.log import FORMATS, setup


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """Return our logger; what the test makes of it is undone."""
    logger = logging.getLogger("cmp")
    before = logger.handlers[:], logger.level, logger.propagate
    yield logger
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


def _said(logger: logging.Logger, form: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    setup("info", form)
    logger.info("image chosen", extra={"tag": "v4", "why": 'newest of "4"\n', "n": 7})
    logger.debug("not shown")
    try:
        int("no number")
    except ValueError:
        logger.exception("image not decided")
    return capsys.readouterr().err.splitlines()


def test_logfmt(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = _said(logger, "logfmt", capsys)

    assert first == r'level=info msg="image chosen" tag=v4 why="newest of \"4\"\n" n=7'
    assert second.startswith('level=error msg="image not decided" error="Traceback ')


def test_json(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (json.loads(line) for line in _said(logger, "json", capsys))

    assert first.pop("time").endswith("Z")
    assert first == {
        "level": "info",
        "msg": "image chosen",
        "tag": "v4",
        "why": 'newest of "4"\n',
        "n": "7",
    }
    assert second["error"].endswith("'no number'")


def test_the_refresher_offers_all_formats() -> None:
    from cmp.refresh import _FORMATS

    assert tuple(FORMATS) == _FORMATS
