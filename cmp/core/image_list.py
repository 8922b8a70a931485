"""The images an Application's owner wants kept current, read from its policy keys."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.image import Repository, split_tag
from cmp.core.keys import (
    FORCE_UPDATE,
    IMAGE_LIST,
    SOURCE,
    WRITE_BACK_METHOD,
    split_alias,
    unknown_keys,
)
from cmp.core.policy import OPTIONS, Policy
from cmp.core.remarks import remarks
from cmp.errors import InvalidImage, InvalidPolicy

if TYPE_CHECKING:
    from cmp.core.manifest_path import ManifestPath

# Of constraints: an entry that holds one before its first `=` has no alias.
_OPERATORS = "<>!~^=:"
# What may stand before the `=`: no operator of a constraint, so that `nginx:>=1.0` has no alias.
_ALIAS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?")


class Target(NamedTuple):
    """Where the image stands in what is rendered; empty means the renderer's default."""

    helm_name: str = ""
    helm_tag: str = ""
    helm_spec: str = ""
    kustomize_name: str = ""
    manifest_paths: "tuple[ManifestPath, ...]" = ()


class ManagedImage(NamedTuple):
    """One entry of the image-list with its policy. The alias is its identity."""

    alias: str
    repository: Repository
    policy: Policy
    target: Target
    window: str = ""
    """When its decision may change; no rule of the choice itself."""
    pull_secret: str = ""
    """Whose credentials the refresher lists its repository with."""
    force_update: str = ""
    """As it is written; only native Applications have a use for it."""


class ImageList(NamedTuple):
    """All managed images of one source, and what its author should hear about the keys."""

    images: tuple[ManagedImage, ...]
    notes: tuple[str, ...] = ()


class _Entry(NamedTuple):
    alias: str
    repository: Repository
    constraint: str


def read_image_list(keys: Mapping[str, str]) -> ImageList:
    """Read all policy keys of one source (annotations under parameters, no prefix).

    Raises:
        InvalidPolicy: a value that cannot be used, naming its key.
    """
    entries = _entries(keys.get(IMAGE_LIST, ""))
    names = _answers(entries)
    _refuse_ambiguous(keys, entries, names)
    images: list[ManagedImage] = []
    for index, entry in enumerate(entries):
        answers = [name for name, owner in names.items() if owner == index]
        # An alias whose slashes are written as `_` may be another one to the letter.
        is_taken = entry.alias and names[_own_names(entry)[0]] != index
        if not answers or is_taken:
            raise InvalidPolicy(
                f"two images would be called {entry.alias or _last_component(entry)!r}; "
                "give each an alias of its own, as in a=…, b=…",
                where=IMAGE_LIST,
            )
        images.append(_managed(entry, answers, keys))
    _check_method(keys)
    return ImageList(tuple(images), (*unknown_keys(keys, names), *_remarks(images)))


def for_source(
    keys: Mapping[str, str], names: Iterable[str], *, is_default: bool
) -> dict[str, str]:
    """Return the annotations that concern one source of several.

    An image belongs to the source that ``<alias>.source`` names, by its name or path, and else
    to the default one. The keys of the others' images are left out. Raises `InvalidPolicy` as
    `read_image_list` does.
    """
    texts = _split_list(keys.get(IMAGE_LIST, ""))
    answers = _answers(_entries(keys.get(IMAGE_LIST, "")))
    owners = {
        index: source
        for name, index in reversed(answers.items())  # the most telling name wins
        if (source := keys.get(f"{name}.{SOURCE}", "").strip())
    }
    own = set(names) - {""}
    ours = {n for n in range(len(texts)) if (owners[n] in own if n in owners else is_default)}
    others = {name for name, index in answers.items() if index not in ours}
    if not ours and not is_default:
        return {}
    kept = {
        key: value
        for key, value in keys.items()
        if (split := split_alias(key)) is None or split[0] not in others
    }
    if not ours:
        return {key: value for key, value in kept.items() if key != IMAGE_LIST}
    return kept | {IMAGE_LIST: ",".join(texts[index] for index in sorted(ours))}


def parse_entry(text: str) -> tuple[str, Repository, str]:
    """Read ``[<alias>=]<image>[:<constraint>]`` as (alias or empty, repository, constraint).

    Unlike argocd-image-updater's, this reads `docker.io/library/nginx:^1`,
    `registry:5000/app:~1` and `nginx:>=1.0` as what they say.
    """
    alias, equals, rest = text.partition("=")
    if equals and _ALIAS.fullmatch(alias.strip()):
        alias, reference = alias.strip(), rest.strip()
        if not reference:
            raise InvalidPolicy(
                f"empty image name in {text!r}; write alias=registry/image", where=IMAGE_LIST
            )
    elif equals and not alias.strip():
        raise InvalidPolicy(f"empty alias in {text!r}; write alias=image", where=IMAGE_LIST)
    elif equals and not any(char in alias for char in _OPERATORS):
        raise InvalidPolicy(
            f"not an alias: {alias.strip()!r}; write letters and digits, with . _ / and - between",
            where=IMAGE_LIST,
        )
    else:
        alias, reference = "", text.strip()
    if "@" in reference:
        raise InvalidPolicy(
            f"{text!r} names a digest, which nothing can be newer than; name a version range, or "
            "a tag with the strategy digest",
            where=IMAGE_LIST,
        )
    name, constraint = split_tag(reference)
    try:
        return alias, Repository.parse(name.strip()), (constraint or "").strip()
    except InvalidImage as error:
        raise InvalidPolicy(
            f"{error}; an entry is [<alias>=]<image>[:<constraint>]", where=IMAGE_LIST
        ) from None


def _remarks(images: Iterable[ManagedImage]) -> list[str]:
    return [f"image {image.alias}: {said}" for image in images for said in remarks(image.policy)]


def _check_method(keys: Mapping[str, str]) -> None:
    if WRITE_BACK_METHOD in keys:
        from cmp.core.write_back import method

        method(keys)


def _entries(image_list: str) -> list[_Entry]:
    entries = []
    for text in _split_list(image_list):
        try:
            entries.append(_Entry(*parse_entry(text)))
        except InvalidPolicy as error:
            if text[0] in "<>!~^":
                error.message = (
                    f"a comma is between two images; in a constraint write a space: {text}"
                )
            start = image_list.find(text)
            raise error.marked(image_list, start, start + len(text)) from None
    return entries


def _split_list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _target(alias: str, option: str, name: str) -> str:
    """Return ``name`` if it can be an argument of helm or kustomize as it stands."""
    if name.startswith("-") or any(char in "=,{}" or char <= " " for char in name):
        raise InvalidPolicy(
            f"{name!r} cannot be the name of an image's place: it begins with a dash, "
            "or holds a space or one of = , { }",
            where=f"image {alias}: {option}",
        )
    return name


def _manifest_paths(alias: str, text: str) -> "tuple[ManifestPath, ...]":
    if not text:
        return ()
    from cmp.core.manifest_path import parse_manifest_paths

    try:
        return parse_manifest_paths(text)
    except InvalidPolicy as error:
        raise error.within(f"image {alias}: manifest-path") from None


def _answers(entries: Iterable[_Entry]) -> dict[str, int]:
    """Return every name under which an entry's keys may stand, most telling first.

    An alias may hold slashes, which an annotation's name may not: `_` stands for them, as
    in argocd-image-updater before 1.0. An image without alias answers to its whole path and
    to the last component, each where that means no other.
    """
    entries = list(entries)
    aliases = {name for entry in entries if entry.alias for name in _own_names(entry)}
    shared = Counter(name for entry in entries if not entry.alias for name in _own_names(entry))
    names: dict[str, int] = {}
    for index, entry in enumerate(entries):
        for name in _own_names(entry):
            if entry.alias or (shared[name] == 1 and name not in aliases):
                names.setdefault(name, index)
    return names


def _refuse_ambiguous(
    keys: Mapping[str, str], entries: Iterable[_Entry], names: Mapping[str, int]
) -> None:
    """Refuse a key that two images without alias would answer to: neither would be without it."""
    plain = [entry for entry in entries if not entry.alias]
    for name in sorted({_last_component(entry) for entry in plain} - names.keys()):
        key = next((key for key in keys if (split_alias(key) or ("",))[0] == name), None)
        if key:
            both = [str(entry.repository) for entry in plain if _last_component(entry) == name]
            raise InvalidPolicy(
                f"it may be of {' or '.join(both)}; give each an alias, as in a={both[0]}",
                where=key,
            )


def _own_names(entry: _Entry) -> tuple[str, ...]:
    if entry.alias:
        return entry.alias.replace("/", "_"), entry.alias
    path = entry.repository.path
    whole = [name for name in (f"{entry.repository.host}/{path}", path) if "/" in name]
    return (*(name.replace("/", "_") for name in whole), _last_component(entry))


def _last_component(entry: _Entry) -> str:
    return entry.repository.path.rpartition("/")[2]


def _managed(entry: _Entry, answers: list[str], keys: Mapping[str, str]) -> ManagedImage:
    """Build the image; of its ``answers`` the last is the plainest and names it."""
    alias = entry.alias or answers[-1]
    options = {name: value for name, value in keys.items() if value.strip()}

    def own(option: str) -> str:
        for name in answers:
            value = options.get(f"{name}.{option}", "").strip()
            if value:
                return value
        return ""

    policy_options = {option: own(option) or options.get(option, "") for option in OPTIONS}
    # As argocd-image-updater did before 1.0, where there is no other filter.
    policy_options["allow-tags"] = policy_options["allow-tags"] or own("tag-match")
    try:
        policy = Policy.parse(policy_options, entry.constraint)
    except InvalidPolicy as error:
        raise error.within(f"image {alias}") from None
    target = Target(
        helm_name=_target(alias, "helm.image-name", own("helm.image-name")),
        helm_tag=_target(alias, "helm.image-tag", own("helm.image-tag")),
        helm_spec=_target(alias, "helm.image-spec", own("helm.image-spec")),
        kustomize_name=_target(alias, "kustomize.image-name", own("kustomize.image-name")),
        manifest_paths=_manifest_paths(alias, own("manifest-path")),
    )
    others = (
        own(option) or options.get(option, "").strip()
        for option in ("update-window", "pull-secret", FORCE_UPDATE)
    )
    return ManagedImage(alias, entry.repository, policy, target, *others)
