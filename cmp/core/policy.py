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

# The names people write; the old ones are argocd-image-updater's (registry-scanner, options.go).
STRATEGY_NAMES: Mapping[str, str] = {
    "semver": SEMVER,
    "newest-build": NEWEST_BUILD,
    "latest": NEWEST_BUILD,
    "alphabetical": ALPHABETICAL,
    "name": ALPHABETICAL,
    "digest": DIGEST,
}

ANY = "any"


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

    @classmethod
    def parse(cls, options: Mapping[str, str], constraint: str = "") -> Self:
        """Read a policy from its keys (without alias); raise `InvalidPolicy`.

        An empty value counts as absent, as in argocd-image-updater since 1.0.
        """
        return cls(
            strategy=_strategy(options.get("update-strategy", "").strip()),
            constraint=constraint.strip(),
            allow_tags=options.get("allow-tags", "").strip() or ANY,
            ignore_tags=_ignore_tags(options.get("ignore-tags", "")),
            platforms=_platforms(options.get("platforms", "")),
        )

    def fingerprint(self) -> str:
        """Return the policy as one line of text: two policies are equal when these are.

        Readable on purpose: it stands in the record beside the decision it led to.
        """
        values = {
            "constraint": self.constraint,
            "allow-tags": "" if self.allow_tags == ANY else self.allow_tags,
            "ignore-tags": ",".join(self.ignore_tags),
            "platforms": ",".join(self.platforms),
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
