"""What a YAML block of a document is, and whether it can be used as that."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cmp.core.application import PLUGIN, Application, parse_application
from cmp.core.image_list import read_image_list
from cmp.core.keys import KEYS, OWN_PARAMETERS, lock_file_name
from cmp.core.parameters import parse_parameters
from cmp.lock_file import read_lock_file
from cmp.registry.configuration import Registries
from cmp.renderers.directory_options import TABLE as DIRECTORY
from cmp.renderers.helm_options import HELM_OPTIONS
from cmp.renderers.kustomize_options import TABLE as KUSTOMIZE
from tests.support.shipped import Manifests

Check = Callable[[Any, Path], None]
_INSTALL = "https://raw.githubusercontent.com/argoproj/argo-cd/"
_OPTIONS = {option.name for option in (*HELM_OPTIONS, *KUSTOMIZE, *DIRECTORY)}


_BY_FIELD = {
    "groups": "rules",
    "registries": "registries",
    "schema": "lock",
    "metadata": "application",
    "spec": "application",
    "source": "application",
}


class Unclaimed(Exception):
    """A block that no check is for."""


def check(text: str, folder: Path) -> set[str]:
    """Check a block by what it is, and return that; raise `Unclaimed`, or what is wrong."""
    kinds = set()
    for document in yaml.safe_load_all(text):
        kind = kind_of(document)
        _CHECKS[kind](document, folder)
        kinds.add(kind)
    return kinds


def kind_of(document: Any) -> str:
    """Return what a block is."""
    if isinstance(document, list):
        return "parameters"
    if document.get("kind") not in {None, "Application"}:
        return "kustomization" if document["kind"] == "Kustomization" else "object"
    for field, kind in _BY_FIELD.items():
        if field in document:
            return kind
    raise Unclaimed(f"nobody looks after a block with {', '.join(document)}")


def as_application(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return an Application with what a fragment has of one."""
    spec = {
        "project": "default",
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "x"},
        **(document.get("spec") or {}),
    }
    if "source" in document:
        spec["source"] = document["source"]
    if "sources" not in spec:
        plugin = {"repoURL": "https://git.test/x", "path": ".", "plugin": {"name": PLUGIN}}
        spec.setdefault("source", plugin)
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "x", **(document.get("metadata") or {})},
        "spec": spec,
    }


def _application(document: Mapping[str, Any], _: Path) -> None:
    application = parse_application(as_application(document))
    for source in application.sources:
        _known(source.parameters)
    _policy(application)


def _policy(application: Application) -> None:
    keys = application.annotations
    assert read_image_list({"image-list": "app=registry.test/app", **keys}).notes == ()


def _parameters(document: Any, _: Path) -> None:
    _known(parse_parameters(document))


def _known(parameters: Mapping[str, object]) -> None:
    policy = {key.name for key in KEYS}
    for name in parameters:
        last = name.split(".", 1)[-1]
        assert name in _OPTIONS | OWN_PARAMETERS | policy or last in policy, name


def _registries(document: Any, _: Path) -> None:
    assert Registries.parse(document, read=_certificate).notes == ()


def _certificate(path: str) -> str:
    """Return some certificate for whatever file a block names."""
    import certifi

    assert path
    first = re.search(
        r"-----BEGIN.*?-----END CERTIFICATE-----\n", Path(certifi.where()).read_text(), re.DOTALL
    )
    assert first
    return first[0]


def _kustomization(document: Any, folder: Path) -> None:
    """Build it as a folder beside ``kustomize``, with a stand-in for Argo CD's own manifests."""
    more = {**document}
    named = [*more.pop("resources"), *more.pop("components")]
    folders = ["../argo-cd" if name.startswith(_INSTALL) else name for name in named]
    ours = [folder.removeprefix("../kustomize/") for folder in folders]
    assert Manifests(folder).built(*ours, **more)


def _lock(document: Any, folder: Path) -> None:
    (folder / lock_file_name("x")).write_text(yaml.safe_dump(document))
    assert read_lock_file(str(folder), str(folder), "x").images


def _elsewhere(_: Any, __: Path) -> None:
    """Checked by another test, for it needs a server."""


_CHECKS: Mapping[str, Check] = {
    "application": _application,
    "kustomization": _kustomization,
    "lock": _lock,
    "object": _elsewhere,  # tests/e2e/test_documents.py
    "parameters": _parameters,
    "registries": _registries,
    "rules": _elsewhere,  # tests/documents/test_monitoring.py
}
