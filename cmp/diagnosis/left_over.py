"""``.argocd-source*.yaml`` that a write-back of before has left, where a plugin renders now.

Argo CD merges these files into the source before the plugin runs: one that has ``helm`` or
``kustomize`` beside a plugin gives "multiple application sources defined" (argo-cd,
reposerver/repository mergeSourceParameters; types.go ExplicitType).
"""

from collections.abc import Iterator

from cmp.diagnosis.applications import Ours, ours
from cmp.diagnosis.facts import Facts, LeftOver
from cmp.diagnosis.finding import Finding, advice, ok, wrong

NAME = ".argocd-source"
_SAID = "multiple application sources defined"
_PLUGIN = "plugin"
_DELETE = "delete it in Git: the plugin has the image from the index"


def applications(facts: Facts) -> Iterator[Finding]:
    """Look for Applications that Argo CD cannot render for such a file."""
    broken = [one for one in ours(facts) if _is_broken(one)]
    for one in broken:
        paths = " or ".join(
            f"{source.id.path or '.'}/{NAME}[-{one.application.name}].yaml"
            for source in one.application.sources
        )
        yield wrong(
            f"{one.application}: Argo CD says: {_SAID}; {paths} has helm or kustomize", _DELETE
        )
    if not broken:
        yield ok(
            "no Application fails for one; give a checkout with --checkout DIR to look at files"
        )


def files(facts: Facts) -> Iterator[Finding]:
    """Look at the files of a checkout."""
    found = ours(facts)
    for file in facts.left_over:
        extra = sorted(set(file.keys) - {_PLUGIN})
        used = [str(one.application) for one in found if _renders(one, file)]
        if not extra:
            yield ok(f"{file.path} has parameters of a plugin alone, which it is given")
        elif used:
            yield wrong(
                f"{file.path} has {', '.join(extra)}, and the plugin renders {', '.join(used)} "
                "there: Argo CD refuses that",
                _DELETE,
            )
        else:
            yield advice(
                f"{file.path} has {', '.join(extra)}: Argo CD refuses to render an "
                "Application with it by the plugin",
                "delete it in Git when its Application names the plugin",
            )
    if not facts.left_over:
        yield ok("there is none in the checkout")


def _is_broken(one: Ours) -> bool:
    conditions = (one.manifest.get("status") or {}).get("conditions") or ()
    return any(_SAID in str(condition.get("message", "")) for condition in conditions)


def _renders(one: Ours, file: LeftOver) -> bool:
    # Argo CD takes the instance name, which has the namespace outside the control plane.
    if file.application not in ("", one.plan.instance, one.application.name):
        return False
    folder = file.folder.strip("/") or "."
    return any(
        (source.id.path.removeprefix("./").strip("/") or ".") == folder
        for source in one.application.sources
        if source.plugin is not None
    )
