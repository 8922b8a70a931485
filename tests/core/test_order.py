"""``version`` and ``order``: what of a tag is compared, and as what."""

import pytest

from cmp.core.decide import decide
from cmp.core.order import DEFAULT_ORDER, Order
from cmp.core.policy import Policy
from cmp.errors import InvalidPolicy
from tests.support.values import REPOSITORY, snapshot

_ANY = r"^(?P<it>.*)$"


def _lowest_first(version: str, order: str, tags: str) -> list[str]:
    """Return the tags that have a rank, lowest first."""
    compiled = Order.of(version, order, DEFAULT_ORDER)
    ranks = {tag: compiled.rank(tag) for tag in tags.split()}
    return sorted((t for t, r in ranks.items() if not isinstance(r, str)), key=lambda t: ranks[t])


@pytest.mark.parametrize(
    ("version", "order", "tags", "lowest_first"),
    [
        pytest.param(
            _ANY, "it:semver", "v1.10 1.9.0 1.10-rc x", "1.9.0 1.10-rc v1.10", id="semver"
        ),
        pytest.param(
            _ANY,
            "it:numeric",
            "1.2.3.4.10 1.2.3.4.9 2 1.2 v1 1.-2 1..2",
            "1.2 1.2.3.4.9 1.2.3.4.10 2",
            id="numeric-of-any-length",
        ),
        pytest.param(
            _ANY,
            "it:calver",
            "2026.11.24 2026-11-24-1 26.12 2025_1 v2026",
            "2025_1 2026.11.24 2026-11-24-1 26.12",
            id="calver-with-short-years-and-marks",
        ),
        pytest.param(_ANY, "it:integer", "10 9 007 1.0 x ²", "007 9 10", id="integer"),
        pytest.param(_ANY, "it:text", "b a 10 9 B", "10 9 B a b", id="text-is-bytewise"),
        pytest.param(
            _ANY,
            "it:date(%d.%m.%Y)",
            "02.01.2026 01.02.2026 31.12.2025 30.02.2026",
            "31.12.2025 02.01.2026 01.02.2026",
            id="date",
        ),
        pytest.param(
            r"^(?P<d>.+)-(?P<n>\d+)$",
            "d:date(%b_%d,_%Y), n:integer",
            "Feb_01,_2026-9 Jan_31,_2026-10",
            "Jan_31,_2026-10 Feb_01,_2026-9",
            id="comma-in-the-form-of-a-date",
        ),
        pytest.param(
            _ANY,
            "it:date(%Y%m%dT%H%M%z)",
            "20260101T0300-0000 20260101T0000-0500",
            "20260101T0300-0000 20260101T0000-0500",
            id="dates-with-a-zone-are-moments",
        ),
        pytest.param(
            r"^(?P<branch>\w+)-(?P<n>\d+)$",
            "n:integer,branch:text",
            "a-2 b-1 b-2 a-1",
            "a-1 b-1 a-2 b-2",
            id="most-significant-first",
        ),
        pytest.param(
            r"^(?P<version>[\d.]+)-(?P<build>\d+)$",
            "",
            "1.2-9 1.2-10 1.10-1 1.2",
            "1.2-9 1.2-10 1.10-1",
            id="default-order",
        ),
        pytest.param(
            r"^(?P<version>[\d.]+)-(?P<build>\d+)$",
            " version , build ",
            "1.2-9 1.2-10",
            "1.2-9 1.2-10",
            id="a-group-without-type-has-its-default",
        ),
        pytest.param(r"^r(?P<build>\d+)", "", "r9 r10 9", "r9 r10", id="only-one-of-the-default"),
        pytest.param(
            r"^(?P<version>\d+)(?:-(?P<build>\d+))?$",
            "",
            "1 1-1",
            "1-1",
            id="a-group-that-took-no-part-is-none-of-its-type",
        ),
    ],
)
def test_what_tags_are_ordered_by(version: str, order: str, tags: str, lowest_first: str) -> None:
    assert _lowest_first(version, order, tags) == lowest_first.split()


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        pytest.param("numeric", "1.2", "1.2.0.0", id="numeric"),
        pytest.param("calver", "26.1", "2026-01.0", id="calver"),
        pytest.param("semver", "v1", "1.0.0", id="semver"),
        pytest.param("integer", "7", "007", id="integer"),
        pytest.param("date(%Y%m%d)", "20260101", "2026011", id="date"),
    ],
)
def test_two_spellings_of_one_version_are_equal(kind: str, one: str, other: str) -> None:
    order = Order.of(_ANY, f"it:{kind}", DEFAULT_ORDER)

    assert order.rank(one) == order.rank(other)


def test_a_comma_within_a_date_belongs_to_its_form() -> None:
    order = Order.of(_ANY, "it:date(%b %d, %Y)", DEFAULT_ORDER)

    assert [(key.group, key.type, key.what) for key in order.keys] == [
        ("it", "date", "a date as %b %d, %Y")
    ]
    assert not isinstance(order.rank("Nov 24, 2026"), str)


@pytest.mark.parametrize(
    ("order", "tag", "reason"),
    [
        pytest.param("it:semver", "a", "it 'a' is not a semantic version", id="semver"),
        pytest.param("it:numeric", "1.a", "it '1.a' is not dotted numbers", id="numeric"),
        pytest.param("it:calver", "x", "it 'x' is not a calendar version", id="calver"),
        pytest.param("it:integer", "1.0", "it '1.0' is not a whole number", id="integer"),
        pytest.param("it:date(%Y)", "26", "it '26' is not a date as %Y", id="date"),
    ],
)
def test_says_which_group_is_none_of_its_type(order: str, tag: str, reason: str) -> None:
    assert Order.of(_ANY, order, DEFAULT_ORDER).rank(tag) == reason


_ALPINE = r"^(?P<version>\d+(?:\.\d+)+)-alpine$"
_PLAIN = r"^(?P<version>\d+(?:\.\d+)+)$"


@pytest.mark.parametrize(
    ("version", "chosen"),
    [
        pytest.param(_ALPINE, "1.9.0-alpine", id="alpine"),
        pytest.param(_PLAIN, "1.10.0", id="plain"),
        pytest.param(r"^(?P<version>\d+(?:\.\d+)+)-(?:alpine|slim)$", "2.0.0-slim", id="both"),
    ],
)
def test_lanes_stay_apart(version: str, chosen: str) -> None:
    now = snapshot("1.8.0-alpine", "1.9.0-alpine", "1.10.0", "1.9.9", "2.0.0-slim", "3.0.0-rc.1")

    decision = decide(Policy(version=version), REPOSITORY, now)

    assert decision.tag == chosen
    assert decision.dropped["3.0.0-rc.1"] == f"not matched by version {version}"


@pytest.mark.parametrize(
    ("version", "order", "complaint"),
    [
        pytest.param(
            r"^\d+$",
            "",
            "version: the expression has no named group; name what is compared, as in "
            r"^(?P<version>\d+\.\d+)-alpine$",
            id="no-named-group",
        ),
        pytest.param(
            r"(?P<version>.*)-(?P<build>.*)",
            "vesion:semver",
            "order: version has no group 'vesion'; it has version, build; did you mean 'version'?",
            id="unknown-group",
        ),
        pytest.param(
            _ANY,
            "it:intger",
            "order: no type 'intger'; use one of: semver, numeric, calver, integer, text, "
            "date(<strptime>); did you mean 'integer'?",
            id="unknown-type",
        ),
        pytest.param(
            _ANY,
            "it:",
            "order: no type ''; use one of: semver, numeric, calver, integer, text, "
            "date(<strptime>)",
            id="no-type-after-the-colon",
        ),
        pytest.param(
            r"(?P<minor>\d+)-(?P<major>\d+)",
            "",
            "order: the groups of version are minor, major; say how they are compared, as in "
            "minor:numeric",
            id="no-group-of-the-default-order",
        ),
        pytest.param(
            _ANY,
            "it:date(%Q)",
            "order: no date can be read as '%Q'; write it for strptime, as in %Y%m%d",
            id="no-directive",
        ),
        pytest.param(
            _ANY,
            "it:date(%Y%Y)",
            "order: no date can be read as '%Y%Y'; write it for strptime, as in %Y%m%d",
            id="one-directive-twice",
        ),
    ],
)
def test_refuses(version: str, order: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Order.of(version, order, DEFAULT_ORDER)

    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("order", "marked"),
    [
        pytest.param("version:numeric, n", "n", id="a-group-that-stands-in-a-word-before"),
        pytest.param("version:text, build:tex", "tex", id="a-type-that-stands-in-a-word-before"),
        pytest.param("version:text, build:date(%Q)", "date(%Q)", id="a-form"),
    ],
)
def test_points_at_what_is_wrong(order: str, marked: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Order.of(r"(?P<version>.*)-(?P<build>.*)", order, DEFAULT_ORDER)

    assert caught.value.mark == (order, len(order) - len(marked), len(order))
