"""COMMAND  A source directory to manifests, with the chosen images in them.

Runs where Argo CD generates manifests: no network, no credentials. Either the whole
output or none of it reaches standard output.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cmp import renderers
from cmp.choose import choose
from cmp.core.injection import is_set_by
from cmp.core.keys import PATCHES
from cmp.errors import (
    IndexUnavailable,
    InvalidApplication,
    InvalidSource,
    RenderRefused,
    ToolFailed,
)
from cmp.index import open_reader
from cmp.renderers.ending import DeadlinePassed, Ended, ends_early
from cmp.renderers.options import text
from cmp.renderers.paths import repository_root
from cmp.renderers.slots import slot
from cmp.settings import DEFAULT_INDEX, RenderRequest, render_deadline, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from cmp.choose import Chosen


def configure(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "directory",
        metavar="DIR",
        nargs="?",
        help="the application's source directory (default: this one, or the path that the "
        "Application names below it)",
    )
    parser.add_argument("--index", metavar="URL", help=f"the index (default: {DEFAULT_INDEX})")
    parser.add_argument(
        "--application", metavar="FILE", help="an Application manifest, where Argo CD is not"
    )
    parser.add_argument(
        "--diff",
        action="store_true",
        help="print the difference between Git's images and the chosen ones instead",
    )
    parser.add_argument(
        "--kustomize-build-options",
        metavar="OPTIONS",
        help="for kustomize build, as kustomize.buildOptions in argocd-cm",
    )
    parser.add_argument(
        "--offline",
        action="store_const",
        const="true",
        help="refuse what would be fetched from elsewhere",
    )
    parser.add_argument(
        "--render-concurrency",
        metavar="N",
        help="how many may render at once (default: in the sidecar as many as it has cores)",
    )
    parser.add_argument(
        "--render-deadline", metavar="DURATION", help="when to give up (default: 50s)"
    )


def main(args: Namespace, env: Mapping[str, str], now: datetime) -> int:
    """Render what ``args`` and the environment ask for, and print it."""
    env = _with_flags(args, env)
    application = getattr(args, "application", None)
    directory = getattr(args, "directory", None) or ""
    annotations: Mapping[str, str] | None = None
    if application:
        request, annotations = _from_file(application, env)
        directory = directory or _source_directory(request)
    else:
        request = RenderRequest.from_environment(env)
    directory = os.path.abspath(directory)
    url = setting(getattr(args, "index", None), env, "CMP_INDEX", DEFAULT_INDEX)
    try:
        chosen = choose(request, directory, open_reader(url, env), now, annotations)
    except IndexUnavailable as error:
        raise error.within(f"index {url}") from None
    wanted = [chosen]
    if getattr(args, "diff", False):
        wanted.append(chosen._replace(outcomes=()))
    try:
        rendered = render_in_time(request, directory, wanted, env)
    except Ended as ended:
        return 128 + ended.number  # as a shell has it; nobody is there to be told
    (output, notes), *git = rendered
    if git:
        output = difference(git[0][0], output, ("images as in Git", "images as chosen"))
    # Of an error Argo CD shows all that is on stderr: it stands there alone.
    _tell((*chosen.notes, *notes))
    sys.stdout.buffer.write(output)
    sys.stdout.buffer.flush()
    return 0


def _with_flags(args: Namespace, env: Mapping[str, str]) -> Mapping[str, str]:
    """Return ``env`` with the flags that a renderer reads there."""
    flags = {
        "CMP_KUSTOMIZE_BUILD_OPTIONS": getattr(args, "kustomize_build_options", None),
        "CMP_OFFLINE": getattr(args, "offline", None),
        "CMP_RENDER_CONCURRENCY": getattr(args, "render_concurrency", None),
        "CMP_RENDER_DEADLINE": getattr(args, "render_deadline", None),
    }
    return {**env, **{name: value for name, value in flags.items() if value}}


def render_in_time(
    request: RenderRequest, directory: str, wanted: list[Chosen], env: Mapping[str, str]
) -> list[tuple[bytes, list[str]]]:
    """Return the manifests of one directory for each of what is ``wanted``, with notes."""
    deadline_s = render_deadline(env)
    root = repository_root(directory, request.source.path)
    try:
        with ends_early(deadline_s), slot(directory, root, env) as locks:
            kind = _kind(request, directory)
            renderers.check_options(kind, [n for n in request.parameters if renderers.is_option(n)])
            job = renderers.Job(directory, root, request, (), env, locks)
            return [_render(kind, job, chosen) for chosen in wanted]
    except DeadlinePassed as passed:
        more = "CMP_RENDER_CONCURRENCY where the sidecar has cores and memory for more at once, or "
        raise ToolFailed(
            f"not done within {deadline_s:g} s: {passed.doing or 'it was still at work'}; raise "
            f"{more if passed.waited_s >= 1 else ''}CMP_RENDER_DEADLINE, together with Argo CD's "
            "controller.repo.server.timeout.seconds",
            where="render",
        ) from None


def _render(kind: str, job: renderers.Job, chosen: Chosen) -> tuple[bytes, list[str]]:
    """Return the manifests, and what a person should hear about them."""
    choices = tuple(choice for choice in chosen.choices if is_set_by(kind, choice))
    output = renderers.renderer(kind).render(job._replace(choices=choices))
    output, notes = _changed(kind, output, job.request, chosen)
    if not chosen.allow_empty and _is_empty(output):
        hint = (
            "" if kind != "directory" else _nothing_found(job.request.source.path or job.directory)
        )
        raise RenderRefused(
            f"{hint}nothing was rendered, and Argo CD would delete what runs; "
            "set allow-empty to true if that is meant",
            where=kind,
        )
    return output, notes


def _changed(
    kind: str, output: bytes, request: RenderRequest, chosen: Chosen
) -> tuple[bytes, list[str]]:
    """Patch what the renderer gives and then, so that no patch undoes it, set images in it."""
    notes: list[str] = []
    if patches := text(request.parameters, PATCHES):
        from cmp.renderers.patches import patched

        output, notes = patched(output, patches)
    if any(kind == "directory" or c.image.target.manifest_paths for c in chosen.choices):
        from cmp.renderers.images import placed, with_images

        output, more = with_images(output, placed(kind, chosen.choices))
        notes += more
    return output, notes


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)  # noqa: T201 - a note to a person


def _nothing_found(path: str) -> str:
    return (
        f"no chart, no kustomization and no manifest in {path!r}; check the source's path and "
        "the parameters directory.*: "
    )


def _kind(request: RenderRequest, directory: str) -> str:
    try:
        found = renderers.detect(os.listdir(directory))
    except OSError as error:
        raise InvalidSource(f"cannot be read: {error.strerror}", where=directory) from error
    explicit = (
        kind
        for kind in renderers.RENDERERS
        for name in request.parameters
        if name.startswith(f"{kind}.") and renderers.is_option(name)
    )
    # An option decides, as an explicit helm or kustomize section does natively.
    return next(explicit, found)


def _is_empty(output: bytes) -> bool:
    """Tell whether Argo CD would find no object in ``output``, and delete what runs.

    It drops empty documents and takes a List for its items (argo-cd, util/kube). Nearly
    every output has a line that settles it; the others are parsed.
    """
    for line in output.split(b"\n"):
        if line.startswith(b"kind: ") and not line.startswith(b"kind: List"):
            return False
        if line.startswith(b'{"') and b'"kind": "' in line and b'"items": ' not in line:
            return False
    from cmp.renderers.rendered import holds_object

    return not holds_object(output)


def _from_file(path: str, env: Mapping[str, str]) -> tuple[RenderRequest, Mapping[str, str]]:
    from cmp.manifest_file import read_application

    application = read_application(path)
    source = application.policy_source
    if source is None:
        raise InvalidApplication("no source of it is rendered by image-cmp or natively", where=path)
    request = RenderRequest.from_application(application, source, env)
    return request, application.policy(source)


def _source_directory(request: RenderRequest) -> str:
    """Return where the source is when a person stands in the repository's root, or in it."""
    here = os.getcwd()
    path = os.path.normpath(request.source.path or ".")
    if os.path.isabs(path) or path.startswith(".."):
        raise InvalidApplication(
            f"{request.source.path!r} leads out of the repository", where="spec.source.path"
        )
    if path == "." or here.endswith(os.sep + path):
        return here
    if os.path.isdir(os.path.join(here, path)):
        return os.path.join(here, path)
    raise InvalidApplication(
        f"there is no {path} in {here}; go to the repository's root, or name the source's "
        "directory: render DIR --application FILE"
    )


def difference(before: bytes, after: bytes, names: tuple[str, str]) -> bytes:
    """Return a unified diff of manifests, empty where there is none."""
    from difflib import unified_diff

    lines = unified_diff(
        before.decode(errors="replace").splitlines(keepends=True),
        after.decode(errors="replace").splitlines(keepends=True),
        *names,
    )
    return "".join(lines).encode()
