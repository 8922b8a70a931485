import pytest

from cmp.core.policy import Policy, wants_platform
from cmp.core.selection import Selection
from cmp.errors import InvalidPolicy


@pytest.mark.parametrize(
    ("options", "constraint", "policy"),
    [
        pytest.param({}, "", Policy(), id="nothing"),
        pytest.param({}, " ^1 ", Policy(constraint="^1"), id="constraint"),
        pytest.param(
            {"update-strategy": " Latest "}, "", Policy(strategy="newest-build"), id="old-name"
        ),
        pytest.param(
            {"update-strategy": "name"}, "", Policy(strategy="alphabetical"), id="other-old-name"
        ),
        pytest.param(
            {"update-strategy": "DIGEST"}, "x", Policy(strategy="digest", constraint="x"), id="case"
        ),
        pytest.param(
            {"allow-tags": " regexp:^v, x "}, "", Policy(allow_tags="regexp:^v, x"), id="allow"
        ),
        pytest.param(
            {"ignore-tags": " a*,, b ,"}, "", Policy(ignore_tags=("a*", "b")), id="ignore"
        ),
        pytest.param(
            {"platforms": "linux/amd64, linux/arm/v7"},
            "",
            Policy(platforms=("linux/amd64", "linux/arm/v7")),
            id="platforms",
        ),
        pytest.param(
            {"update-strategy": " ", "allow-tags": "", "ignore-tags": " ", "platforms": ","},
            "",
            Policy(),
            id="empty-values-are-absent",
        ),
    ],
)
def test_parse(options: dict[str, str], constraint: str, policy: Policy) -> None:
    assert Policy.parse(options, constraint) == policy


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        pytest.param(
            {"update-strategy": "semvar"},
            "update-strategy: no strategy 'semvar'; use one of: alphabetical, digest, "
            "first-seen, latest, name, newest-build, pep440, semver; did you mean 'semver'?",
            id="strategy",
        ),
        pytest.param(
            {"platforms": "amd64"},
            "platforms: not a platform: 'amd64'; write os/arch or os/arch/variant, as linux/arm64",
            id="platform",
        ),
        pytest.param(
            {"platforms": "linux/amd64,a/b/c/d"},
            "platforms: not a platform: 'a/b/c/d'; "
            "write os/arch or os/arch/variant, as linux/arm64",
            id="platform-of-four",
        ),
    ],
)
def test_refuses(options: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        Policy.parse(options)

    assert str(caught.value) == complaint


_POLICY = Policy(
    strategy="semver",
    constraint="^1",
    allow_tags="regexp:^v",
    ignore_tags=("a*", "b"),
    platforms=("linux/amd64",),
)


def test_the_fingerprint_is_readable() -> None:
    assert Policy().fingerprint() == "semver"
    assert _POLICY.fingerprint() == (
        "semver; constraint=^1; allow-tags=regexp:^v; ignore-tags=a*,b; platforms=linux/amd64"
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(_POLICY._replace(strategy="alphabetical"), id="strategy"),
        pytest.param(_POLICY._replace(constraint="^2"), id="constraint"),
        pytest.param(_POLICY._replace(constraint=""), id="no-constraint"),
        pytest.param(_POLICY._replace(allow_tags="any"), id="any"),
        pytest.param(_POLICY._replace(ignore_tags=("a*",)), id="ignore-tags"),
        pytest.param(_POLICY._replace(ignore_tags=("b", "a*")), id="order-of-ignore-tags"),
        pytest.param(_POLICY._replace(platforms=("linux/arm64",)), id="platforms"),
    ],
)
def test_the_fingerprint_tells_policies_apart(other: Policy) -> None:
    assert other.fingerprint() != _POLICY.fingerprint()


@pytest.mark.parametrize(
    ("wanted", "platform", "counts"),
    [
        pytest.param((), "linux/arm/v7", True, id="any"),
        pytest.param(("linux/amd64",), "linux/amd64", True, id="same"),
        pytest.param(("linux/arm64",), "linux/amd64", False, id="other"),
        pytest.param(("linux/arm",), "linux/arm/v7", True, id="variant-for-none"),
        pytest.param(("linux/arm/v7",), "linux/arm", False, id="none-for-variant"),
        pytest.param(("linux/arm/v7",), "linux/arm/v6", False, id="other-variant"),
        pytest.param(("linux/arm64", "linux/amd64"), "linux/amd64", True, id="one-of-two"),
        pytest.param(("linux",), "linux", True, id="as-written"),
    ],
)
def test_wants_platform(wanted: tuple[str, ...], platform: str, *, counts: bool) -> None:
    assert wants_platform(wanted, platform) is counts


@pytest.mark.parametrize("word", ["two words", "a,b", "a/b", "shop;web"])
def test_a_group_is_a_word(word: str) -> None:
    with pytest.raises(InvalidPolicy, match="not a word"):
        Policy.parse({"group": word})


def test_a_range_needs_versions_that_are_semantic() -> None:
    policy = Policy(constraint="^1", version=r"^(?P<version>[\d.]+)", order="version:numeric")

    with pytest.raises(InvalidPolicy) as caught:
        Selection.of(policy)

    assert str(caught.value) == (
        "constraint: '^1' is a range of semantic versions, and order compares version as numeric; "
        "have order read it as semver, or write no constraint"
    )
