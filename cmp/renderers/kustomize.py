"""Kustomize: ``kustomize edit`` for each option, then ``kustomize build``, as Argo CD does.

Commands and their order: reference/argocd.md §6 (argo-cd, util/kustomize/kustomize.go).
"""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

from cmp.core.injection import kustomize_image
from cmp.errors import InvalidSource, RenderRefused
from cmp.renderers import KUSTOMIZATIONS
from cmp.renderers.checkout import private_copy
from cmp.renderers.kustomize_build import (
    SETTING,
    build_arguments,
    build_environment,
    check_build_options,
    inflates_charts,
)
from cmp.renderers.kustomize_edits import edits
from cmp.renderers.kustomize_options import TABLE, KustomizeOptions
from cmp.renderers.paths import inside
from cmp.renderers.process import run
from cmp.renderers.scratch import temporary_folder
from cmp.settings import is_offline, setting

if TYPE_CHECKING:
    from cmp.renderers import Job

OPTIONS = tuple(option.name for option in TABLE)


def render(job: Job) -> bytes:
    """Build the kustomization with the options and the chosen images set."""
    options = KustomizeOptions.read(job.request.parameters)
    build_options = setting(None, job.env, SETTING)
    check_build_options(build_options, job.root)
    if inflates_charts(build_options):
        from cmp.renderers.kustomize_charts import check_charts

        check_charts(job.directory, options.components)
    if is_offline(job.env):
        job = _kept_offline(job, options)
    is_edited = _is_edited(job, options)
    # kustomize puts the charts it fetches beside the kustomization.
    is_written_to = is_edited or inflates_charts(build_options)
    with (
        private_copy(job) if is_written_to else nullcontext(job) as owned,
        temporary_folder(owned) as (folder, held),
    ):
        # Where it puts remote bases, which it leaves there when it is killed.
        built = held._replace(env={**held.env, "TMPDIR": folder})
        return _edit_and_build(built, options) if is_edited else _build(built, options)


def _kept_offline(job: Job, options: KustomizeOptions) -> Job:
    from cmp.renderers.kustomize_remote import OFFLINE_ENVIRONMENT, refuse_remote

    refuse_remote(job.directory, options.components)
    return job._replace(env={**job.env, **OFFLINE_ENVIRONMENT})


def _is_edited(job: Job, options: KustomizeOptions) -> bool:
    edited = (
        *(job.choices, options.name_prefix, options.name_suffix, options.images, options.replicas),
        *(options.common_labels, options.common_annotations, options.namespace),
        *(options.patches, options.components),
    )
    return any(edited)


def _edit_and_build(job: Job, options: KustomizeOptions) -> bytes:
    file = _kustomization(job)
    commands = edits(options, _chosen(job), job.request.variables)
    components = _components(job, options)
    for command in commands:
        run(job, ["kustomize", "edit", *command])
    if options.patches:
        from cmp.renderers.kustomize_patches import add_patches

        add_patches(job, file, options.patches)
    if components:
        added = ["kustomize", "edit", "add", "component", *components]
        run(job._replace(env=build_environment(job, "")), added)
    return _build(job, options)


def _kustomization(job: Job) -> str:
    """Return the file that will be written to: in the repository, wherever links lead."""
    for name in KUSTOMIZATIONS:
        if os.path.exists(os.path.join(job.directory, name)):
            return inside(job.root, job.directory, name, what="kustomization")
    raise RenderRefused("kustomization file not found in the path; add one", where="kustomize")


def _chosen(job: Job) -> tuple[str, ...]:
    """Return the chosen images as arguments; raise `InvalidSource` when two set the same."""
    owners: dict[str, str] = {}
    images = []
    for choice in job.choices:
        alias, image = choice.image.alias, kustomize_image(choice)
        name = image.partition("=")[0]
        if name in owners:
            raise InvalidSource(
                f"images {owners[name]} and {alias} both set {name}; give each its own with "
                f"{alias}.kustomize.image-name, or leave one of them out",
                where="kustomize",
            )
        owners[name] = alias
        images.append(image)
    return tuple(images)


def _components(job: Job, options: KustomizeOptions) -> list[str]:
    if not options.components:
        return []
    from cmp.renderers.kustomize_components import components

    return components(job, options.components, ignore_missing=options.ignore_missing_components)


def _build(job: Job, options: KustomizeOptions) -> bytes:
    build_options = setting(None, job.env, SETTING)
    version, apis = "", options.api_versions or job.request.api_versions
    if options.kube_version or inflates_charts(build_options):
        version = _kube_version(options.kube_version or job.request.kube_version)
    argv = build_arguments(job.directory, build_options, version, apis)
    job = job._replace(env=build_environment(job, build_options))
    return run(job, ["kustomize", *argv], cwd=job.root)


def _kube_version(written: str) -> str:
    from cmp.renderers.helm import kubernetes_version

    try:
        return kubernetes_version(written)
    except InvalidSource as error:
        raise InvalidSource(error.message, where="kustomize.kubeVersion") from None
