"""What an owner says outright: ``pin`` and ``hold``, for ever or until a time."""

from dataclasses import dataclass
from datetime import UTC, datetime

from cmp.core.image import is_digest, is_tag
from cmp.errors import InvalidPolicy

_UNTIL = " until "


@dataclass(frozen=True, slots=True)
class Pin:
    """A tag that is taken, whatever else there is."""

    tag: str
    digest: str
    until: datetime | None

    @classmethod
    def parse(cls, text: str) -> "Pin":
        """Read ``tag[@digest] [until <RFC 3339>]``; raise `InvalidPolicy`."""
        written, until = _split(text, "pin")
        tag, at, digest = written.partition("@")
        if not is_tag(tag):
            raise InvalidPolicy(
                f"not a tag: {tag!r}; write tag, tag@digest, or either with until <time>",
                where="pin",
            )
        if at and not is_digest(digest):
            raise InvalidPolicy(f"not a digest: {digest!r}", where="pin")
        return cls(tag, digest, until)


@dataclass(frozen=True, slots=True)
class Hold:
    """No other choice than the present one."""

    reason: str
    until: datetime | None

    @classmethod
    def parse(cls, text: str) -> "Hold":
        """Read ``<reason> [until <RFC 3339>]``; raise `InvalidPolicy`.

        ``true`` is no reason, and `is_hold` tells of a text that is none at all.
        """
        reason, until = _split(text, "hold")
        return cls("" if reason.lower() == "true" else reason, until)


def is_hold(text: str) -> bool:
    """Tell whether ``text`` holds: ``false`` lifts what is held for all images."""
    return bool(text) and text.lower() != "false"


def is_in_force(until: datetime | None, now: datetime) -> bool:
    """Tell whether what holds ``until`` then holds ``now``."""
    return until is None or now < until


def _split(text: str, where: str) -> tuple[str, datetime | None]:
    written, separator, time = f" {text}".rpartition(_UNTIL)
    if not separator:
        return text.strip(), None
    return written.strip(), parse_until(time, where)


def parse_until(text: str, where: str) -> datetime:
    """Read the time at which something ends; raise `InvalidPolicy` naming ``where``."""
    try:
        until = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidPolicy(
            f"not a time: {text.strip()!r}; write it as 2026-11-30T18:00:00Z", where=where
        ) from None
    return until if until.tzinfo else until.replace(tzinfo=UTC)
