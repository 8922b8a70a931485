from itertools import pairwise

import pytest

from cmp.core.versions.semver import SortKey, sort_key

_UINT64 = "18446744073709551615"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("1.2.3", (1, 2, 3, True, ()), id="full"),
        pytest.param("v1.2.3", (1, 2, 3, True, ()), id="v"),
        pytest.param("1", (1, 0, 0, True, ()), id="major"),
        pytest.param("1.2", (1, 2, 0, True, ()), id="major-minor"),
        pytest.param("2024.01.05", (2024, 1, 5, True, ()), id="leading-zeros"),
        pytest.param("1.2.3+build.1", (1, 2, 3, True, ()), id="build"),
        pytest.param("1-rc", (1, 0, 0, False, ((1, 0, "rc"),)), id="coerced-prerelease"),
        pytest.param(
            "1.2.3-rc.1+b", (1, 2, 3, False, ((1, 0, "rc"), (0, 1, ""))), id="prerelease-and-build"
        ),
        pytest.param("1.0.0--1", (1, 0, 0, False, ((1, 0, "-1"),)), id="prerelease-of-dashes"),
        pytest.param(_UINT64, (2**64 - 1, 0, 0, True, ()), id="largest"),
        pytest.param(f"000{_UINT64}", (2**64 - 1, 0, 0, True, ()), id="largest-with-zeros"),
        pytest.param(
            "1-18446744073709551616",
            (1, 0, 0, False, ((1, 0, "18446744073709551616"),)),
            id="identifier-beyond-uint64-is-a-word",
        ),
        pytest.param(f"1-{_UINT64}", (1, 0, 0, False, ((0, 2**64 - 1, ""),)), id="identifier"),
    ],
)
def test_reads_a_version(text: str, key: SortKey) -> None:
    assert sort_key(text) == key


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("latest", id="word"),
        pytest.param("V1.2.3", id="capital-v"),
        pytest.param("vv1", id="two-v"),
        pytest.param("1.2.3.4", id="four-parts"),
        pytest.param("1..2", id="empty-part"),
        pytest.param("1.2.", id="trailing-dot"),
        pytest.param("1.2.3_foo", id="underscore"),
        pytest.param("release-1.2", id="prefix"),
        pytest.param("1.2.3-", id="empty-prerelease"),
        pytest.param("1.2.3-a..b", id="empty-identifier"),
        pytest.param("1.2.3-01", id="leading-zero-in-prerelease"),
        pytest.param("1.2.3+", id="empty-build"),
        pytest.param("1.2.3+a+b", id="two-builds"),
        pytest.param("1.2.3\n", id="newline"),
        pytest.param(" 1.2.3", id="space"),
        pytest.param("18446744073709551616", id="major-beyond-uint64"),
        pytest.param("1.99999999999999999999", id="minor-beyond-uint64"),
        pytest.param("1.2.99999999999999999999", id="patch-beyond-uint64"),
        pytest.param("٣.1.0", id="digit-beyond-ascii"),
        pytest.param("1" * 5000, id="more-digits-than-python-reads"),
        pytest.param("1-" + "1" * 5000, id="more-digits-than-python-reads-in-prerelease"),
    ],
)
def test_most_tags_are_no_version(text: str) -> None:
    assert sort_key(text) is None


_ASCENDING = [
    # semver.org, item 11, and Masterminds' tests
    "0.9.9",
    "1.0.0-0",
    "1.0.0-2",
    "1.0.0-11",
    f"1.0.0-{_UINT64}",
    "1.0.0--",
    "1.0.0-18446744073709551616",
    "1.0.0-1a",
    "1.0.0-A",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.1.0",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0-a",
    "v1.2",
    "1.10",
    "2",
    "20240105",
]


@pytest.mark.parametrize(
    ("lower", "higher"),
    [pytest.param(lower, higher, id=f"{lower}<{higher}") for lower, higher in pairwise(_ASCENDING)],
)
def test_orders_as_semver_org_says(lower: str, higher: str) -> None:
    below, above = sort_key(lower), sort_key(higher)

    assert below is not None
    assert above is not None
    assert below < above


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("1", "v1.0.0", id="coerced"),
        pytest.param("1.0.0+a", "1.0.0+b", id="build"),
        pytest.param("2024.01.05", "2024.1.5", id="leading-zeros"),
    ],
)
def test_equal_versions(one: str, other: str) -> None:
    assert sort_key(one) == sort_key(other)
