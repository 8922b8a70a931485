"""The policy keys: one table that reads, checks and documents them.

A key stands as annotation ``argocd-image-updater.argoproj.io/<key>`` or as plugin
parameter ``<key>``. Names, meaning and precedence are argocd-image-updater's
(reference/image-updater.md §1).
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

PREFIX = "argocd-image-updater.argoproj.io/"
IMAGE_LIST = "image-list"
SOURCE = "source"
WRITE_BACK_METHOD = "write-back-method"
FORCE_UPDATE = "force-update"
REQUIRE_AUTO_SYNC = "require-auto-sync"
WRITE_BACK_TARGET = "write-back-target"
GIT_BRANCH = "git-branch"
GIT_REPOSITORY = "git-repository"
PULL_REQUEST = "pull-request"
PULL_REQUEST_LABELS = "pull-request-labels"
IMAGE_LOCK = "image-lock"
"""No policy but a plugin parameter: the images themselves (cmp.core.lock)."""
PATCHES = "patches"
"""No policy either: RFC 6902 operations on what was rendered (cmp.renderers.patches)."""
OWN_PARAMETERS = frozenset({IMAGE_LOCK, PATCHES})


class Key(NamedTuple):
    """One policy key: where it may stand and what it is for."""

    name: str
    meaning: str
    per_image: bool = True
    """May be written as ``<alias>.<name>``."""
    application_wide: bool = False
    """May be written as ``<name>``, the default of all images."""


KEYS: tuple[Key, ...] = (
    Key(
        IMAGE_LIST,
        "comma list of `[<alias>=]<image>[:<constraint>]`: the images to keep current",
        per_image=False,
        application_wide=True,
    ),
    Key(
        "update-strategy",
        "`semver` (default), `newest-build` (or `latest`), `alphabetical` (or `name`), `digest`, "
        "`pep440`, `first-seen`",
        application_wide=True,
    ),
    Key("allow-tags", "`regexp:<RE2>` or `any` (default): no other tag", application_wide=True),
    Key("tag-match", "`allow-tags` as it was called before argocd-image-updater 1.0"),
    Key("ignore-tags", "comma list of globs: never these tags", application_wide=True),
    Key(
        "platforms",
        "comma list of `os/arch[/variant]` whose builds count; default: any",
        application_wide=True,
    ),
    Key(
        "deny-tags",
        "`regexp:<RE2>`, or comma list of globs: never these tags",
        application_wide=True,
    ),
    Key(
        "version",
        "RE2 with named groups: what of a tag is compared; no other tag is a candidate",
        application_wide=True,
    ),
    Key(
        "order",
        "comma list of `<group>[:<type>]`, most significant first; types `semver`, `numeric`, "
        "`calver`, `integer`, `date(<strptime>)`, `text`; default `version:semver,build:integer`",
        application_wide=True,
    ),
    Key(
        "follow",
        "RE2; with `digest`: the newest tag that matches, by digest",
        application_wide=True,
    ),
    Key(
        "digest",
        "`tag@digest` (what `digest` does), `digest-only`, `off`: the form of the result",
        application_wide=True,
    ),
    Key(
        "min-age",
        "duration (`36h`, `3d`) since a tag was first listed here, before it is a candidate",
        application_wide=True,
    ),
    Key(
        "pin",
        "`<tag>[@<digest>] [until <time>]`: this one, whatever there is; time as RFC 3339",
        application_wide=True,
    ),
    Key(
        "hold",
        "`<reason> [until <time>]`: what is chosen now stays",
        application_wide=True,
    ),
    Key(
        "update-window",
        "`<cron, 5 fields> <duration> [<time zone>]`, several with `;`: decisions change only then",
        application_wide=True,
    ),
    Key(
        "group",
        "a word: images with the same one move only to a version that all of them offer",
        application_wide=True,
    ),
    Key(
        SOURCE,
        "name or path of the plugin source the image belongs to; default: the first",
    ),
    Key(
        "allow-downgrade",
        "`true`: a decision may move backwards by itself",
        application_wide=True,
    ),
    Key("helm.image-name", "Helm value that takes the repository; default `image.name`"),
    Key("helm.image-tag", "Helm value that takes the tag; default `image.tag`"),
    Key("helm.image-spec", "Helm value that takes `repository:tag` in one; wins over the two"),
    Key("kustomize.image-name", "the image's name in the manifests, where it is another"),
    Key(
        "manifest-path",
        "comma list of `<group>/<kind>:<JSON pointer>`: where the image stands in custom resources",
    ),
    Key(
        "allow-empty",
        "`true`: nothing rendered is no error; without it Argo CD might delete everything",
        per_image=False,
        application_wide=True,
    ),
    Key(
        FORCE_UPDATE,
        "`true`: a native Application gets the image though Argo CD lists none of its repository; "
        "what the plugin renders always does",
        application_wide=True,
    ),
    Key(
        "pull-secret",
        "`secret:<namespace>/<name>#<field>` or `pullsecret:<namespace>/<name>` beside the "
        "Application: credentials for its registry, before those of registries.conf",
        application_wide=True,
    ),
    Key(
        WRITE_BACK_METHOD,
        "`live` (default): nothing is written; `argocd` (default of native Applications): the "
        "images stand in the Application's spec; `git`, `git:repocreds` or "
        "`git:secret:<namespace>/<name>`: they are committed to its repository",
        per_image=False,
        application_wide=True,
    ),
    Key(
        REQUIRE_AUTO_SYNC,
        "`false`: a native Application is updated though it does not sync by itself",
        per_image=False,
        application_wide=True,
    ),
    Key(
        WRITE_BACK_TARGET,
        "which file takes the images, of a native Application: `kustomization[:<folder>]`, "
        "`helmvalues[:<file>]`; default `.argocd-source-<application>.yaml`",
        per_image=False,
        application_wide=True,
    ),
    Key(
        GIT_BRANCH,
        "`<base>[:<branch to write>]`, the latter a template; default: the target revision",
        per_image=False,
        application_wide=True,
    ),
    Key(
        GIT_REPOSITORY,
        "URL of the repository that is written; default: the source's",
        per_image=False,
        application_wide=True,
    ),
    Key(
        PULL_REQUEST,
        "`github`, `gitlab`: with `git`, ask for a merge instead of pushing",
        per_image=False,
        application_wide=True,
    ),
    Key(
        PULL_REQUEST_LABELS,
        "comma list: labels of the pull request",
        per_image=False,
        application_wide=True,
    ),
)

_MOST_HINTS = 20
_PER_IMAGE = tuple(key.name for key in KEYS if key.per_image)
_APPLICATION_WIDE = frozenset(key.name for key in KEYS if key.application_wide)


def policy_keys(annotations: Mapping[str, str]) -> dict[str, str]:
    """Return the policy keys among an Application's annotations, without their prefix."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in annotations.items()
        if name.startswith(PREFIX)
    }


def lock_file_name(instance: str) -> str:
    """Return how an Application's lock file is called, in its source's directory (contract.md)."""
    return f".{IMAGE_LOCK}-{instance}.yaml"


def is_policy_key(name: str) -> bool:
    """Tell whether ``name`` has the form of a policy key, for whatever alias."""
    return name in _APPLICATION_WIDE or split_alias(name) is not None


def split_alias(name: str) -> tuple[str, str] | None:
    """Split ``<alias>.<key>``; None when it does not end in a key that an image may have.

    An alias may hold dots itself, so the known key at the end decides, not the first dot.
    """
    for option in _PER_IMAGE:
        if name.endswith(option) and name[: -len(option)].endswith("."):
            return name[: -len(option) - 1], option
    return None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the known name most like ``name``, or nothing."""
    close = _closest(name, known)
    return f"; did you mean {close!r}?" if close else ""


def _closest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, tuple(known), n=1, cutoff=0.6)), "")


def unknown_keys(names: Iterable[str], aliases: Iterable[str]) -> tuple[str, ...]:
    """Return one sentence for each name that no image and no application answers to."""
    answers = frozenset(aliases)
    complaints: list[str] = []
    for name in names:
        if name in _APPLICATION_WIDE:
            continue
        split = split_alias(name)
        if len(complaints) == _MOST_HINTS:
            complaints.append("and more keys that are ignored")
            break
        if split is None:
            hint = nearest_key(name, answers)
            complaints.append(f"unknown key {name!r} is ignored{hint}")
        elif split[0] not in answers:
            hint = nearest(split[0], answers)
            complaints.append(
                f"key {name!r} is ignored: no image in the image-list answers to {split[0]!r}{hint}"
            )
    return tuple(complaints)


def nearest_key(name: str, aliases: Iterable[str]) -> str:
    """Return the hint for an unknown key: the closest of all that could stand there."""
    aliases = sorted(aliases)
    if name in _PER_IMAGE and aliases:
        return f"; did you mean {f'{aliases[0]}.{name}'!r}?"
    if "." not in name:
        return nearest(name, sorted(_APPLICATION_WIDE))
    owners = [alias for alias in aliases if name.startswith(f"{alias}.")]
    alias = max(owners, key=len) if owners else name.partition(".")[0]
    key = name[len(alias) + 1 :]
    # Each part by itself: there may be many images, with a dozen keys each.
    if key in _APPLICATION_WIDE:
        return f"; did you mean {key!r}?"
    owner = _closest(alias, aliases)
    option = key if key in _PER_IMAGE else _closest(key, _PER_IMAGE)
    return f"; did you mean {f'{owner}.{option}'!r}?" if owner and option else ""
