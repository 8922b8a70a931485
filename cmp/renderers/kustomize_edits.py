"""The ``kustomize edit`` commands that Argo CD makes of options, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmp.errors import InvalidSource, excerpt
from cmp.renderers.options import substituted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cmp.renderers.kustomize_options import KustomizeOptions

_INT64 = 2**63


def edits(
    options: KustomizeOptions, chosen: tuple[str, ...], variables: Mapping[str, str]
) -> list[list[str]]:
    """Return the commands before the patches, without ``kustomize edit`` before each.

    ``chosen`` are the chosen images, as arguments of ``set image``. Raises `InvalidSource`.
    """
    commands = []
    if options.name_prefix:
        commands.append(["set", "nameprefix", "--", options.name_prefix])
    if options.name_suffix:
        commands.append(["set", "namesuffix", "--", options.name_suffix])
    images = merged_images((substituted(image, variables) for image in options.images), chosen)
    if images:
        commands.append(["set", "image", *_arguments(images, "kustomize.images")])
    if options.replicas:
        replicas = [f"{name}={_count(count)}" for name, count in options.replicas.items()]
        commands.append(["set", "replicas", *_arguments(replicas, "kustomize.replicas")])
    if options.common_labels:
        commands.append(["add", "label", *_labels(options, variables)])
    if options.common_annotations:
        commands.append(["add", "annotation", *_annotations(options, variables)])
    if options.namespace:
        commands.append(["set", "namespace", "--", options.namespace])
    return commands


def merged_images(options: Iterable[str], chosen: tuple[str, ...]) -> list[str]:
    """Return the images of options and the chosen ones; of one name, the chosen one.

    Where that would keep the new name which the kustomization has (``name=*:tag``), it keeps
    the one that the option gave.
    """
    names = {_name(image): image for image in chosen}
    kept = []
    for image in options:
        name = _name(image)
        if name not in names:
            kept.append(image)
            continue
        new_name = _name(image.partition("=")[2])
        if new_name and names[name].startswith(f"{name}=*"):
            names[name] = names[name].replace("=*", f"={new_name}", 1)
    return [*kept, *names.values()]


def _name(image: str) -> str:
    """Return what comes before a tag, a digest or another name (kustomize, SplitImageName)."""
    name, equals, _ = image.partition("=")
    if equals:
        return name
    name = image.partition("@")[0]
    path, colon, tag = name.rpartition(":")
    return path if colon and "/" not in tag else name


def _labels(options: KustomizeOptions, variables: Mapping[str, str]) -> list[str]:
    flags = {
        "--force": options.force_common_labels,
        "--without-selector": options.label_without_selector,
        "--include-templates": options.label_include_templates,
    }
    pairs = [
        f"{name}:{substituted(value, variables)}" for name, value in options.common_labels.items()
    ]
    return [flag for flag, is_set in flags.items() if is_set] + _arguments(
        pairs, "kustomize.commonLabels"
    )


def _annotations(options: KustomizeOptions, variables: Mapping[str, str]) -> list[str]:
    flags = ["--force"] if options.force_common_annotations else []
    is_substituted = options.common_annotations_envsubst
    pairs = [
        f"{name}:{substituted(value, variables) if is_substituted else value}"
        for name, value in options.common_annotations.items()
    ]
    return flags + _arguments(pairs, "kustomize.commonAnnotations")


def _count(written: str) -> int:
    """Return the number of replicas, as Go's Atoi reads it."""
    digits = written[1:] if written.startswith(("+", "-")) else written
    if digits.isascii() and digits.isdigit() and len(digits.lstrip("0")) < len(str(_INT64)) + 1:
        count = int(written)
        if -_INT64 <= count < _INT64:
            return count
    raise InvalidSource(
        f"expected integer value for count. Received: {written[:40]}",
        where="kustomize.replicas",
    )


def _arguments(written: list[str], where: str) -> list[str]:
    """Return what is safe to stand where kustomize looks for flags too."""
    for argument in written:
        if argument.startswith("-"):
            raise InvalidSource(
                f"{excerpt(argument)} begins with a dash, and kustomize would take it for a flag; "
                "give a name",
                where=where,
            )
    return written
