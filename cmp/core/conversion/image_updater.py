"""``ImageUpdater`` resources of argocd-image-updater 1.x, as policy keys for Applications.

Rules: argocd-image-updater, api/v1alpha1/imageupdater_types.go and pkg/argocd/argocd.go
(FilterApplicationsForUpdate, calculateSpecificity, merge…Settings).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from cmp.core.glob import glob_to_re2
from cmp.core.keys import PULL_REQUEST, PULL_REQUEST_LABELS, nearest
from cmp.core.patterns import Expression
from cmp.core.selector import Requirement
from cmp.errors import CmpError, InvalidPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmp.core.json_values import Json

GROUP = "argocd-image-updater.argoproj.io/"
KIND = "ImageUpdater"

_SETTINGS = {
    "updateStrategy": "update-strategy",
    "forceUpdate": "force-update",
    "allowTags": "allow-tags",
    "ignoreTags": "ignore-tags",
    "pullSecret": "pull-secret",
    "platforms": "platforms",
}
_GIT = {
    "repository": "git-repository",
    "branch": "git-branch",
    "writeBackTarget": "write-back-target",
}
_FORGES = ("github", "gitlab")
_TARGETS = {
    "helm": {"name": "helm.image-name", "tag": "helm.image-tag", "spec": "helm.image-spec"},
    "kustomize": {"name": "kustomize.image-name"},
}
_SIGNS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
_COMMON = ("commonUpdateSettings", "writeBackConfig", "imagesVerification")
_SPEC = (*_COMMON, "applicationRefs")
_REF = (*_COMMON, "namePattern", "labelSelectors", "useAnnotations", "images")
_IMAGE = ("alias", "imageName", "commonUpdateSettings", "imagesVerification", "manifestTargets")
_EXACT, _SELECTED, _REQUIREMENT = 1_000_000, 10_000, 100
_WILDCARDS = re.compile(r"\[[^\]]*\]|[*?]")

Object = dict[str, "Json"]


class Reference(NamedTuple):
    """One rule: which Applications, and the policy of their images."""

    pattern: str
    expression: Expression
    labels: tuple[Requirement, ...]
    keys: Mapping[str, str] | None
    """None where annotations have the policy already (``useAnnotations``)."""
    weight: int

    def selects(self, name: str, labels: Mapping[str, Json]) -> bool:
        """Tell whether an Application is meant."""
        return self.expression.matches(name) and all(r.allows(labels) for r in self.labels)


class ImageUpdater(NamedTuple):
    """One resource; its rules stand by weight, and the first that selects counts."""

    name: str
    namespace: str
    references: tuple[Reference, ...]

    def reference(self, name: str, namespace: str, labels: Mapping[str, Json]) -> Reference | None:
        """Return the rule for an Application; namespaces that are not written are the same."""
        if namespace and self.namespace and namespace != self.namespace:
            return None
        return next((r for r in self.references if r.selects(name, labels)), None)


def parse_image_updater(manifest: Object) -> ImageUpdater:
    """Read a resource; raise `InvalidPolicy` for what has no equivalent as a policy key."""
    metadata = _object(manifest.get("metadata"), "metadata")
    name, namespace = (_text(metadata.get(n), f"metadata.{n}") for n in ("name", "namespace"))
    try:
        spec = _object(manifest.get("spec"), "spec", _SPEC)
        references = [
            _reference(_object(one, where, _REF), spec, where)
            for number, one in enumerate(_list(spec.get("applicationRefs"), "spec.applicationRefs"))
            if (where := f"spec.applicationRefs[{number}]")
        ]
    except CmpError as error:
        raise error.within(f"{KIND} {name}") from None
    references.sort(key=lambda reference: -reference.weight)
    return ImageUpdater(name, namespace, tuple(references))


def _reference(ref: Object, spec: Object, where: str) -> Reference:
    pattern = _text(ref.get("namePattern"), f"{where}.namePattern")
    expression = glob_to_re2(pattern) if pattern else None
    if expression is None:
        raise InvalidPolicy(
            f"not a pattern: {pattern!r}; write a name, with * and ? as in 'shop-*'",
            where=f"{where}.namePattern",
        )
    labels = _labels(ref.get("labelSelectors"), f"{where}.labelSelectors")
    weight = len(_WILDCARDS.sub("", pattern)) + _REQUIREMENT * len(labels)
    weight += 0 if any(char in pattern for char in "*?[]") else _EXACT
    weight += _SELECTED if ref.get("labelSelectors") is not None else 0
    compiled = Expression.compile(expression, where=f"{where}.namePattern")
    keys = None if ref.get("useAnnotations") is True else _keys(ref, spec, where)
    return Reference(pattern, compiled, labels, keys, weight)


def _keys(ref: Object, spec: Object, where: str) -> dict[str, str]:
    _refuse_verification(spec, "spec")
    _refuse_verification(ref, where)
    keys = _settings(spec, "spec") | _settings(ref, where)
    entries = []
    for number, one in enumerate(_list(ref.get("images"), f"{where}.images")):
        place = f"{where}.images[{number}]"
        image = _object(one, place, _IMAGE)
        _refuse_verification(image, place)
        alias, name = (_text(image.get(n), f"{place}.{n}") for n in ("alias", "imageName"))
        if not alias or not name or "," in name:
            raise InvalidPolicy("write alias and imageName, without commas", where=place)
        entries.append(f"{alias}={name}")
        own = _settings(image, place) | _target(image, place)
        keys |= {f"{alias}.{key}": value for key, value in own.items()}
    written = _write_back(spec, "spec") | _write_back(ref, where)
    said = {name: value for name, value in written.items() if value}
    return {"image-list": ", ".join(entries)} | keys | said


def _settings(owner: Object, where: str) -> dict[str, str]:
    where = f"{where}.commonUpdateSettings"
    settings = _object(owner.get("commonUpdateSettings"), where, _SETTINGS)
    return {
        _SETTINGS[name]: _written(value, f"{where}.{name}")
        for name, value in settings.items()
        if value is not None
    }


def _target(image: Object, where: str) -> dict[str, str]:
    where = f"{where}.manifestTargets"
    targets = _object(image.get("manifestTargets"), where, (*_TARGETS, "plugin"))
    if "plugin" in targets:
        raise InvalidPolicy(
            "variables of another plugin have no equivalent; with this one say where the image "
            "stands, as helm or kustomize",
            where=f"{where}.plugin",
        )
    if len(targets) > 1:
        raise InvalidPolicy("write one of helm and kustomize", where=where)
    keys: dict[str, str] = {}
    for kind, given in targets.items():
        fields = _object(given, f"{where}.{kind}", _TARGETS[kind])
        if fields.get("spec") is not None:
            fields = {"spec": fields["spec"]}
        keys |= {
            _TARGETS[kind][name]: _text(value, f"{where}.{kind}.{name}")
            for name, value in fields.items()
            if value is not None
        }
    return keys


def _write_back(owner: Object, where: str) -> dict[str, str]:
    where = f"{where}.writeBackConfig"
    config = _object(owner.get("writeBackConfig"), where, ("method", "gitConfig"))
    git = _object(config.get("gitConfig"), f"{where}.gitConfig", (*_GIT, "pullRequest"))
    keys = {
        _GIT[name]: _text(value, f"{where}.gitConfig.{name}")
        for name, value in git.items()
        if value is not None and name in _GIT
    }
    keys |= _pull_request(git.get("pullRequest"), f"{where}.gitConfig.pullRequest")
    method = _text(config.get("method"), f"{where}.method")
    return ({"write-back-method": method} if method else {}) | keys


def _pull_request(value: Json, where: str) -> dict[str, str]:
    """Return the keys of a pull request; those of a rule replace all of the resource's."""
    if value is None:
        return {}
    request = _object(value, where, (*_FORGES, "labels"))
    forges = [name for name in _FORGES if request.get(name) is not None]
    if len(forges) != 1:
        raise InvalidPolicy(f"write one of {' and '.join(_FORGES)}", where=where)
    labels = _written(request.get("labels") or [], f"{where}.labels")
    return {PULL_REQUEST: forges[0], PULL_REQUEST_LABELS: labels}


def _refuse_verification(owner: Object, where: str) -> None:
    where = f"{where}.imagesVerification"
    verification = _object(owner.get("imagesVerification"), where)
    if verification and verification.get("enabled") is not False:
        raise InvalidPolicy(
            "signatures are not verified here; have the cluster's admission verify them, and leave "
            "this field out",
            where=where,
        )


def _labels(selector: Json, where: str) -> tuple[Requirement, ...]:
    given = _object(selector, where, ("matchLabels", "matchExpressions"))
    matched = _object(given.get("matchLabels"), f"{where}.matchLabels")
    found = [
        Requirement(key, "=", frozenset({_text(value, f"{where}.matchLabels.{key}")}))
        for key, value in matched.items()
    ]
    for one in _list(given.get("matchExpressions"), f"{where}.matchExpressions"):
        place = f"{where}.matchExpressions"
        expression = _object(one, place, ("key", "operator", "values"))
        sign = _SIGNS.get(_text(expression.get("operator"), place))
        if sign is None:
            raise InvalidPolicy(f"write one of {', '.join(_SIGNS)}", where=f"{place}.operator")
        values = (_text(v, place) for v in _list(expression.get("values"), place))
        found.append(Requirement(_text(expression.get("key"), place), sign, frozenset(values)))
    return tuple(found)


def _written(value: Json, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        texts = [_text(one, where) for one in value]
        if any("," in text for text in texts):
            raise InvalidPolicy(
                "a comma separates in a policy key; write it in another way", where=where
            )
        return ", ".join(texts)
    return _text(value, where)


def _object(value: Json, where: str, known: Mapping[str, object] | tuple[str, ...] = ()) -> Object:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidPolicy("not a mapping", where=where)
    for name in value:
        if known and name not in known:
            raise InvalidPolicy(
                f"no field {name!r}{nearest(name, known)}; correct it, for it would be lost",
                where=where,
            )
    return value


def _list(value: Json, where: str) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidPolicy("not a list", where=where)
    return value


def _text(value: Json, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidPolicy(f"{value!r} is no text; put it in quotes", where=where)
    return value
