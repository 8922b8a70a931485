"""``--set``, ``--set-string`` and ``--set-file``: parameters of the owner and of the images."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cmp.core.injection import helm_parameters
from cmp.errors import InvalidSource
from cmp.renderers.options import mapping, substituted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmp.renderers import Job

_LONGEST = 128 * 1024  # bytes with the NUL at the end: Linux, MAX_ARG_STRLEN

_FLAGS = (
    ("--set", "helm.parameters"),
    ("--set-string", "helm.forceStringParameters"),
    ("--set-file", "helm.fileParameters"),
)


def set_arguments(job: Job) -> list[str]:
    """Return the arguments that set single values; raise `InvalidSource`.

    An image's parameters replace those of the same name. Argo CD passes the owner's in no
    certain order; here they are sorted, so that a render gives the same again.
    """
    images = image_parameters(job)
    argv: list[str] = []
    for flag, option in _FLAGS:
        for name, value in sorted(mapping(job.request.parameters, option).items()):
            if name not in images:
                argv += [flag, _assigned(option, name, escaped(_value(job, option, name, value)))]
        if flag == "--set-string":
            argv += [v for name, value in images.items() for v in (flag, f"{name}={value}")]
    return argv


def image_parameters(job: Job) -> dict[str, str]:
    """Return the parameters of all images; raise `InvalidSource` when two set the same."""
    values: dict[str, str] = {}
    for alias, parameter, value in _by_image(job):
        if parameter in values:
            owner = next(a for a, p, _ in _by_image(job) if p == parameter)
            raise InvalidSource(
                f"images {owner} and {alias} both set {parameter}; give each its "
                f"own with {alias}.helm.image-name and {alias}.helm.image-tag",
                where="helm",
            )
        values[parameter] = value
    return values


def _by_image(job: Job) -> Iterator[tuple[str, str, str]]:
    for choice in job.choices:
        for parameter, value in helm_parameters(choice):
            yield choice.image.alias, parameter, value


def escaped(value: str) -> str:
    """Return ``value`` with its commas escaped, unless they are, or it is a list in braces.

    Nothing else is (argo-cd, util/helm/cmd.go cleanSetParameters).
    """
    if "," not in value or (value.startswith("{") and value.endswith("}")):
        return value
    import re

    return re.sub(r"(?<!\\),", r"\\,", value)


def _value(job: Job, option: str, name: str, written: str) -> str:
    if option == "helm.fileParameters":
        from cmp.renderers.value_files import parameter_file

        return parameter_file(job, name, written)
    return substituted(written, job.request.variables)


def _assigned(option: str, name: str, value: str) -> str:
    argument = f"{name}={value}"
    size = len(os.fsencode(argument))
    if size >= _LONGEST:
        raise InvalidSource(
            f"{size // 1024} KiB, and a program's argument cannot have 128; "
            "set it in helm.values or in a value file",
            where=f"{option} {name}",
        )
    return argument
