"""Semantic versions, read as loosely as Masterminds/semver v3.4.0 reads them.

A leading ``v``, missing minor and patch numbers and leading zeros in the three numbers are
accepted; a leading zero in a numeric prerelease identifier is not (semver.org, item 9).
"""

import re

PreKey = tuple[tuple[int, int, str], ...]
SortKey = tuple[int, int, int, bool, PreKey]
"""Major, minor, patch, whether released, prerelease: compares as the versions do."""

_LARGEST = 2**64 - 1  # Go's uint64: a larger number is no version there
_LONGEST = 1024  # characters; a tag has at most 128, and Python reads no number of 4301 digits
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-({_IDENTIFIERS}))?(?:\+({_IDENTIFIERS}))?",
    re.ASCII,
)


def sort_key(text: str) -> SortKey | None:
    """Return what ``text`` is ordered by as a version, or None: most tags are none.

    Build metadata takes no part in any comparison (semver.org, item 10).
    """
    match = _VERSION.fullmatch(text)
    if match is None or len(text) > _LONGEST:
        return None
    major, minor, patch, prerelease, _ = match.groups("")
    numbers = int(major), int(minor or 0), int(patch or 0)
    if len(text) >= 20 and max(numbers) > _LARGEST:  # noqa: PLR2004 - digits of 2**64
        return None
    if not prerelease:
        return (*numbers, True, ())
    identifiers = prerelease_key(prerelease)
    return None if identifiers is None else (*numbers, False, identifiers)


def prerelease_key(prerelease: str) -> PreKey | None:
    """Return the order of a prerelease (semver.org, item 11.4), or None for ``1.0.0-01``.

    Numbers come before words and compare as numbers; a longer list of equal beginnings
    comes later, as tuples do by themselves.
    """
    key = []
    for identifier in prerelease.split("."):
        if not identifier.isdigit():
            key.append((1, 0, identifier))
        elif identifier[0] == "0" and len(identifier) > 1:
            return None
        elif (number := int(identifier)) > _LARGEST:
            key.append((1, 0, identifier))
        else:
            key.append((0, number, ""))
    return tuple(key)
