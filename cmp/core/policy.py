"""What an owner allows for one image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.keys import nearest
from cmp.errors import InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

SEMVER = "semver"
NEWEST_BUILD = "newest-build"
ALPHABETICAL = "alphabetical"
DIGEST = "digest"
PEP440 = "pep440"
FIRST_SEEN = "first-seen"

# The names people write; the old ones are argocd-image-updater's (registry-scanner, options.go).
STRATEGY_NAMES: Mapping[str, str] = {
    "semver": SEMVER,
    "newest-build": NEWEST_BUILD,
    "latest": NEWEST_BUILD,
    "alphabetical": ALPHABETICAL,
    "name": ALPHABETICAL,
    "digest": DIGEST,
    "pep440": PEP440,
    "first-seen": FIRST_SEEN,
}

ANY = "any"

# The forms of a result (contract.md, `<alias>.digest`).
DIGEST_WITH_TAG = "tag@digest"
DIGEST_ONLY = "digest-only"
DIGEST_OFF = "off"
_FORMS = (DIGEST_WITH_TAG, DIGEST_ONLY, DIGEST_OFF)

# Go's strconv.ParseBool, by which argocd-image-updater reads such keys.
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})

# Keys whose value is taken as it stands, and compiled only where tags are chosen.
_TEXTS = ("version", "order", "follow", "pin", "hold", "deny-tags", "min-age", "group")
OPTIONS = (
    "update-strategy",
    "allow-tags",
    "ignore-tags",
    "platforms",
    "digest",
    "allow-downgrade",
    *_TEXTS,
)
"""The keys that a policy is read from."""


class Policy(NamedTuple):
    """The rules by which a tag is chosen.

    Expressions stay text here: a recorded decision is used without compiling them.
    `cmp.core.decide.Selection.of` compiles them, or says what is wrong.
    """

    strategy: str = SEMVER
    constraint: str = ""
    """A version range (semver), a literal tag (digest); the other strategies ignore it."""
    allow_tags: str = ANY
    ignore_tags: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    """``os/arch[/variant]`` whose builds count; none means any."""
    digest: str = ""
    """``tag@digest``, ``digest-only`` or ``off``; empty for what the strategy does."""
    allow_downgrade: bool = False
    version: str = ""
    order: str = ""
    follow: str = ""
    pin: str = ""
    hold: str = ""
    deny_tags: str = ""
    min_age: str = ""
    group: str = ""

    @classmethod
    def parse(cls, options: Mapping[str, str], constraint: str = "") -> Self:
        """Read a policy from its keys (without alias); raise `InvalidPolicy`.

        An empty value counts as absent, as in argocd-image-updater since 1.0.
        """
        _check_word(options.get("group", "").strip())
        return cls(
            strategy=_strategy(options.get("update-strategy", "").strip()),
            constraint=constraint.strip(),
            allow_tags=options.get("allow-tags", "").strip() or ANY,
            ignore_tags=_ignore_tags(options.get("ignore-tags", "")),
            platforms=_platforms(options.get("platforms", "")),
            digest=_digest(options.get("digest", "").strip()),
            allow_downgrade=is_true(options, "allow-downgrade"),
            **{name.replace("-", "_"): options.get(name, "").strip() for name in _TEXTS},
        )

    def floor_key(self) -> str:
        """Return the `fingerprint` of what says which tags there are, and in which order.

        While this stays, what was chosen is the floor. A hold that ends, a longer `min-age` or
        another form of the result are no wish for something older.
        """
        return self._replace(
            pin="", hold="", min_age="", group="", digest="", allow_downgrade=False
        ).fingerprint()

    def fingerprint(self) -> str:
        """Return the policy as one line of text: two policies are equal when these are.

        Readable on purpose: it stands in the record beside the decision it led to.
        """
        values = {
            "constraint": self.constraint,
            "allow-tags": "" if self.allow_tags == ANY else self.allow_tags,
            "ignore-tags": ",".join(self.ignore_tags),
            "platforms": ",".join(self.platforms),
            "digest": self.digest,
            "allow-downgrade": "true" if self.allow_downgrade else "",
            **{name: getattr(self, name.replace("-", "_")) for name in _TEXTS},
        }
        # A semicolon in a value must not look like the one between two.
        written = (
            f"{k}={v.replace('%', '%25').replace(';', '%3B')}" for k, v in values.items() if v
        )
        return "; ".join((self.strategy, *written))


def _strategy(written: str) -> str:
    if not written:
        return SEMVER
    try:
        return STRATEGY_NAMES[written.lower()]
    except KeyError:
        known = ", ".join(sorted(STRATEGY_NAMES))
        raise InvalidPolicy(
            f"no strategy {written!r}; use one of: {known}{nearest(written, STRATEGY_NAMES)}",
            where="update-strategy",
        ) from None


def is_true(options: Mapping[str, str], name: str) -> bool:
    """Read a key that is true or false; raise `InvalidPolicy` naming it."""
    value = options.get(name, "").strip()
    if value not in _TRUE and value not in _FALSE:
        raise InvalidPolicy(f"{value!r} is neither true nor false", where=name)
    return value in _TRUE


def _digest(written: str) -> str:
    if written and written not in _FORMS:
        raise InvalidPolicy(
            f"no form {written!r}; use one of: {', '.join(_FORMS)}{nearest(written, _FORMS)}",
            where="digest",
        )
    return written


def _check_word(written: str) -> None:
    if not all(char.isalnum() or char in "._-" for char in written):
        raise InvalidPolicy(
            f"not a word: {written!r}; write one of letters, digits, dots and dashes, as in web",
            where="group",
        )


def _ignore_tags(written: str) -> tuple[str, ...]:
    return tuple(glob for glob in (part.strip() for part in written.split(",")) if glob)


def _platforms(written: str) -> tuple[str, ...]:
    platforms = tuple(part.strip() for part in written.split(",") if part.strip())
    for platform in platforms:
        if not 2 <= len([part for part in platform.split("/") if part]) <= 3:  # noqa: PLR2004 - os/arch/variant
            raise InvalidPolicy(
                f"not a platform: {platform!r}; write os/arch or os/arch/variant, as linux/arm64",
                where="platforms",
            )
    return platforms


def wants_platform(wanted: tuple[str, ...], platform: str) -> bool:
    """Tell whether a build for ``platform`` counts when ``wanted`` are asked for.

    A build with a variant also answers to the platform without it
    (argocd-image-updater, registry-scanner/pkg/options).
    """
    return not wanted or platform in wanted or platform.rpartition("/")[0] in wanted
