"""The cases of tests/cases: facts of Argo CD and argocd-image-updater, and where we differ."""

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.core.conversion.image_updater import parse_image_updater
from cmp.core.decide import Decision, decide
from cmp.core.envsubst import envsubst
from cmp.core.filters import tag_filter
from cmp.core.image import Image, Repository, reference_suffix
from cmp.core.image_list import ManagedImage, parse_entry, read_image_list
from cmp.core.injection import Choice, helm_parameters, kustomize_image
from cmp.core.policy import Policy, wants_platform
from cmp.core.record import SourceId
from cmp.core.snapshot import Tag
from cmp.core.value_path import found_value, parse_value_path, value_change
from cmp.core.write_back_target import WriteBackTarget
from cmp.core.yaml_change import Change
from cmp.core.yaml_tree import Node
from cmp.errors import CmpError, InvalidInput, InvalidPolicy, InvalidSource
from cmp.index import Touch
from cmp.refresh.native import current
from cmp.refresh.touches import repositories_of
from cmp.refresh.wanted import WantedImage
from cmp.registry.configuration import Registries
from cmp.registry.webhooks import Delivery, pushed
from cmp.renderers import detect
from cmp.renderers.helm import kubernetes_version
from cmp.writeback import Wanted, edited
from cmp.writeback.changed import changed
from cmp.writeback.git_branch import Branches
from cmp.writeback.git_message import message
from cmp.writeback.git_update import Change as WrittenChange
from cmp.writeback.git_update import Update
from cmp.writeback.request_text import Mark, Row, text
from tests.support.targets import written
from tests.support.values import REPOSITORY, built, recorded, snapshot

Case = dict[str, Any]
Runner = Callable[[Case], None]

_FOLDER = Path(__file__).resolve().parent.parent / "cases"

_NATIVE = "not run: how Argo CD reads a native source, which it does by itself"
_ONLY_RESOURCES = "not run: variables of plugins, which no annotation names; ours have a lock file"
_LATER_REGISTRY = "not run here: the registry client's, whose tests ask a real registry"
_HELM = "not run here: in tests/renderers/test_helm_cases.py"
_KUSTOMIZE = "not run here: all of them in tests/renderers/test_kustomize_cases.py"

# Every topic and every case that is not run, or whose answer is another on purpose.
_EXCEPTIONS: Mapping[str, str] = {
    # --- image-updater.json
    "parse_image-16": "differs: a bug of the reference; `myreg:5000` is the registry",
    "newest_build-04": _LATER_REGISTRY,
    "newest_build-05": _LATER_REGISTRY,
    "match_regexp-03": "differs: an unknown filter is an error, not silence",
    "match_regexp-12": "differs: a bad expression is an error, not silence",
    "ignore_globs-03": "differs: no tag is empty, so an empty glob is dropped, as in 0.x",
    "credentials_parse": _LATER_REGISTRY,
    "registry_prefix": _LATER_REGISTRY,
    "writeback_values-18": "differs: a bug of the reference; which place is meant is the same "
    "for every value",
    "argocd_source_merge-07": _ONLY_RESOURCES,
    "argocd_source_merge-09": _ONLY_RESOURCES,
    "webhook-07": "differs: a bug of the reference; `harbor` is no registry, so it is refused",
    "webhook_match-01": "differs: a bug of the reference; what has no registry is Docker Hub's",
    "templates-05": "differs: a request may be of several Applications; its body is a table",
    # --- argocd-helm.json
    "explicit-conflict": _NATIVE,
    "explicit-order-names": _NATIVE,
    "argocd-source": _NATIVE,
    "argv": _HELM,
    "cmp-tar-root": "not run here: what Argo CD unpacks, in tests/test_render.py",
    "dependencies": _HELM,
    "directory": "not run here: in tests/renderers/test_directory_cases.py",
    "file-parameters": _HELM,
    "flags": _HELM,
    "parameters": _HELM,
    "plugin-params": "not run: Argo CD writes them; test_application reads what it writes",
    "post-processing": "not run: Argo CD does it after us",
    "release": _HELM,
    "set-escaping": _HELM,
    "value-file-bounds": _HELM,
    "value-file-glob": _HELM,
    "value-file-path": _HELM,
    "values": _HELM,
    # --- argocd-kustomize.json
    "annotations": _KUSTOMIZE,
    "commands": _KUSTOMIZE,
    "components": _KUSTOMIZE,
    "env": _KUSTOMIZE,
    "errors": _KUSTOMIZE,
    "images": _KUSTOMIZE,
    "labels": _KUSTOMIZE,
    "manifest": _KUSTOMIZE,
    "patches": _KUSTOMIZE,
    "set-image": _KUSTOMIZE,
}


# --- what each topic means for us


def _select(case: Case) -> None:
    policy = Policy.parse(
        {
            "update-strategy": case["strategy"],
            "allow-tags": case.get("allow_tags", ""),
            "ignore-tags": ",".join(case.get("ignore_tags", [])),
        },
        case["constraint"],
    )
    _choose(policy, [Tag(name) for name in case["tags"]], case["expect"])


def _choose(policy: Policy, tags: list[Tag], expected: object) -> Decision | None:
    if isinstance(expected, dict):
        with pytest.raises(InvalidPolicy):
            decide(policy, REPOSITORY, snapshot(*tags))
        return None
    decision = decide(policy, REPOSITORY, snapshot(*tags))
    assert decision.tag == expected
    return decision


def _parse_image(case: Case) -> None:
    expect = case["expect"]
    named = f"{expect['registry']}/{expect['name']}" if expect["registry"] else expect["name"]
    if expect["digest"]:  # as in a manifest; the image-list takes none
        image = Image.parse(case["input"])
        assert image.repository == Repository.parse(named)
        assert (image.tag or "", image.digest) == (expect["tag"], expect["digest"])
        return
    alias, repository, constraint = parse_entry(case["input"])
    assert repository == Repository.parse(named)
    assert (alias, constraint) == (expect["alias"], expect["tag"] or "")


def _image_list_annotation(case: Case) -> None:
    expect, keys = case["expect"], {"image-list": case["input"]}
    if isinstance(expect, dict):
        with pytest.raises(InvalidPolicy, match=expect["error_contains"]):
            read_image_list(keys)
        return
    found = [
        {"alias": image.alias, "image": f"{image.repository.written}:{image.policy.constraint}"}
        for image in read_image_list(keys).images
    ]
    assert found == expect


def _semver_select(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    tags = [Tag(name) for name in given["tags"]]
    answer = expect if expect.get("error") else expect["tag"]
    decision = _choose(Policy(constraint=given["constraint"]), tags, answer)
    for name in expect.get("unparseable", []):
        assert decision is not None
        assert decision.dropped[name] == "not a semantic version"


def _alphabetical(case: Case) -> None:
    tags = [Tag(name) for name in case["input"]["tags"]]
    _choose(Policy("alphabetical"), tags, case["expect"]["tag"])


def _newest_build(case: Case) -> None:
    given = case["input"]
    if "wanted_platforms" in given:
        policy = Policy("newest-build", platforms=tuple(given["wanted_platforms"]))
        _choose(policy, [built("any", {"linux/amd64": 1})], None)
        return
    tags = [
        built(name, {"linux/amd64": 1 + created})
        for name, created in given["sort_tags_created"].items()
    ]
    decision = decide(Policy("newest-build"), REPOSITORY, snapshot(*tags))
    assert list(reversed(decision.kept)) == case["expect"]["sorted"]


def _digest(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    if "force_update" in given:
        image = _managed(given["config"], {"force-update": "true", "update-strategy": "digest"})
        tags = [Tag(name, digest="sha256:1") for name in given["registry_tags"]]
        found = decide(image.policy, REPOSITORY, snapshot(*tags))
        written = image.repository.written + reference_suffix(found.tag, found.digest)
        assert all(part in written for part in expect["result_contains"])
    elif "tags" in given:
        tags = [Tag(tag["tag"], digest=tag["digest"]) for tag in given["tags"]]
        decision = _choose(Policy("digest", given["constraint"]), tags, expect["tag"])
        assert decision is not None
        assert decision.digest == expect["digest"]
    elif "pick_live" in given:
        given = given["pick_live"]
        live = [Image(REPOSITORY, *text.split("@")) for text in given["live"]]
        selected = current(_wanted(given["config_tag"], given["latest"]), live)
        assert selected is not None
        assert f"{selected.tag}@{selected.digest}" == expect["selected"]
    elif "equal" in given:
        one, other = given["equal"]
        running = Image(REPOSITORY, other["tag"], other["digest"])
        assert _wanted(one["tag"], one["digest"]).is_among((running,)) is expect["equal"]
    else:
        _choose(Policy("digest", given["constraint"]), [], expect)


def _wanted(tag: str, digest: str) -> WantedImage:
    decision = recorded(tag, Policy("digest", tag), digest=digest)
    return WantedImage("app", "app", SourceId("https://git.test/x.git"), decision)


def _match_regexp(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    if "allow_tags" in given:
        why_not = tag_filter(Policy(allow_tags=given["allow_tags"]))
        assert bool(why_not("any-tag")) is (expect["matcher"] == "none")
        return
    why_not = tag_filter(Policy(allow_tags=f"regexp:{given['regexp']}"))
    assert (not why_not(given["tag"])) is expect["match"]


def _ignore_globs(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    if "annotation" in given:
        policy = Policy.parse({"ignore-tags": given["annotation"]})
        assert list(policy.ignore_tags) == expect["list"]
    elif "glob" in given:
        why_not = tag_filter(Policy(ignore_tags=(given["glob"],)))
        assert bool(why_not(given["tag"])) is (expect["match"] is True)
    else:
        why_not = tag_filter(Policy(ignore_tags=tuple(given["ignore"])))
        assert [name for name in given["tags"] if why_not(name)] == expect["ignored"]


def _helm_params(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    if "param_names" in given:
        names = given["param_names"]
        own = {f"helm.image-{key}": names[key] for key in ("spec", "name", "tag")}
        ((name, _),) = helm_parameters(Choice(_managed("x=a", own), "1"))
        assert name == expect["name"]
        return
    image = _managed(
        f"x={given['image']}",
        {"helm.image-name": given["helm"]["name"], "helm.image-tag": given["helm"]["tag"]},
    )
    values = {parameter["name"]: parameter["value"] for parameter in given["params"]}
    tag, _, digest = values[given["helm"]["tag"]].partition("@")
    parameters = dict(helm_parameters(Choice(image, tag, digest)))
    assert parameters == values == {**values, **expect}


def _kustomize_image(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    if "existing" in given:
        choice = _kustomize_choice(given["set"])
        assert _merged(given["existing"], choice) == expect
        return
    if "overrides" in given:
        choices = [_kustomize_choice(override) for override in given["overrides"]]
        assert written(given["file"], choices, target="kustomization") == expect["file"]
        return
    image = _managed(f"x={expect['newName']}", {"kustomize.image-name": expect["name"]})
    choice = Choice(image, expect.get("newTag", ""), expect.get("digest", ""))
    assert kustomize_image(choice) == case["input"]["override_string"]


def _kustomize_choice(override: str) -> Choice:
    name, equals, image = override.rpartition("=")
    image, _, digest = image.partition("@")
    image, _, tag = image.partition(":")
    return Choice(
        _managed(f"x={image}", {"kustomize.image-name": name} if equals else {}), tag, digest
    )


def _merged(existing: list[str], *choices: Choice) -> Any:
    text = yaml.safe_dump({"kustomize": {"images": existing}})
    return yaml.safe_load(written(text, choices, source="kustomize"))["kustomize"]["images"]


def _writeback_values(case: Case) -> None:
    text, expect = case["input"]["file"], case["expect"]
    ((path, value),) = case["input"]["writes"].items()

    def change(root: Node | None) -> Change:
        steps = parse_value_path(path)
        found = found_value(root, steps)
        return value_change(found[0] if found else steps, value)

    if "error" in expect:
        with pytest.raises(InvalidInput):
            changed(text, change)
    else:
        assert changed(text, change) == expect["file"]


def _write_back_target(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    target = WriteBackTarget.parse(
        given["target"], source="helm", path=given["source_path"], instance="app"
    )
    if "values_file" in expect:
        assert target.files == (expect["values_file"],)
    else:
        assert {os.path.dirname(name) or "." for name in target.files} == {expect["kustomize_base"]}


def _argocd_source_merge(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    if given["type"] == "Helm":
        values = {p["name"]: p.get("value", "") for p in given["app_params"]}
        names = [name for name in given["managed"] if name in values]
        name, tag = [values[name] for name in names] or ("", "")
        choices = [Choice(_managed(f"x={name}", {}), tag)] if names else []
        target = WriteBackTarget.parse("", source="helm", path="", instance="app")
        original = given["original"].encode() if given["original"] else None
        result = edited(target, original, Wanted("app", tuple(choices)))
        assert result == expect["yaml"].encode()
    elif "original" in given:
        choices = [_kustomize_choice(image) for image in given["app_images"]]
        assert written(given["original"], choices, source="kustomize") == expect["yaml"]
    else:
        choices = [_kustomize_choice(image) for image in given["new"]]
        merged = _merged(given["existing"], *choices)
        assert sorted(merged) == (expect["unordered"] if isinstance(expect, dict) else expect)


def _webhook(case: Case) -> None:
    given, expect = case["input"], case["expect"]
    query = {"type": given["type"], **given.get("query", {})}
    # A case has no headers; without GitHub's own, which the reference does not look at, it is
    # nobody's.
    headers = {"X-GitHub-Event": "package"} if given["type"] == "ghcr.io" else {}
    said = pushed(Delivery.parse(json.dumps(given["payload"]).encode(), headers, query))
    if "error" in expect:
        assert not said.images
        assert said.why
        return
    ((repository, tag),) = said.images
    assert (str(repository), tag) == (f"{expect['registry']}/{expect['repository']}", expect["tag"])


def _webhook_match(case: Case) -> None:
    event, image = case["input"]["event"], Image.parse(case["input"]["image"])
    touch = Touch("repository", str(Repository.parse(f"{event['registry']}/{event['repository']}")))
    found = repositories_of({touch: 0.0}, [image.repository], Registries(), lambda _: ())
    assert bool(found) is case["expect"]["match"]


def _templates(case: Case) -> None:
    given = case["input"]
    changes = tuple(
        WrittenChange(image, image, old, new) for image, old, new in given.get("changes", ())
    )
    update = Update(given.get("app", "app"), "", changes)
    if "pr_commit_message" in given:
        rows = (Row("app", "", "nginx", "nginx", "1.0", "1.5"),)
        said = text(Mark(rows), {})
        assert [said.title, said.body] == [case["expect"]["title"], case["expect"]["body"]]
    elif "commit" in given:
        assert message([update]) == case["expect"]
    else:
        branches = Branches.parse(f"main:{given['branch']}", "")
        assert branches.written(update) == case["expect"]


def _platform_filter(case: Case) -> None:
    given = case["input"]
    assert wants_platform(tuple(given["wanted"]), given["platform"]) is case["expect"]


def _reference_weight(case: Case) -> None:
    manifest: Any = {"metadata": {"name": "a"}, "spec": {"applicationRefs": [case["input"]]}}
    (reference,) = parse_image_updater(manifest).references
    assert reference.weight == case["expect"]["score"]


def _envsubst(case: Case) -> None:
    assert envsubst(case["given"]["text"], case["given"]["env"]) == case["expect"]["out"]


def _kube_version(case: Case) -> None:
    written, expect = case["given"]["version"], case["expect"]
    if "error_contains" in expect:
        with pytest.raises(InvalidSource, match=expect["error_contains"]):
            kubernetes_version(written)
    else:
        flag = expect["flag"]
        assert kubernetes_version(written) == ("" if flag == "(no flag)" else flag)


def _source_type(case: Case) -> None:
    assert detect(case["given"]["files"]) == case["expect"]["type"].lower()


def _detection(case: Case) -> None:
    found = [detect([name]) == "kustomize" for name in case["given"]["names"]]
    assert found == case["expect"]["is_kustomization"]


def _managed(entry: str, own: Mapping[str, str]) -> ManagedImage:
    alias = entry.partition("=")[0]
    keys = {f"{alias}.{name}": value for name, value in own.items()}
    (image,) = read_image_list({"image-list": entry, **keys}).images
    return image


# --- which are run

_RUNNERS: Mapping[str, Runner] = {
    "select": _select,
    "parse_image": _parse_image,
    "image_list_annotation": _image_list_annotation,
    "semver_select": _semver_select,
    "alphabetical": _alphabetical,
    "newest_build": _newest_build,
    "digest": _digest,
    "match_regexp": _match_regexp,
    "ignore_globs": _ignore_globs,
    "helm_params": _helm_params,
    "kustomize_image": _kustomize_image,
    "webhook": _webhook,
    "webhook_match": _webhook_match,
    "templates": _templates,
    "platform_filter": _platform_filter,
    "app_ref_specificity": _reference_weight,
    "writeback_values": _writeback_values,
    "write_back_target": _write_back_target,
    "argocd_source_merge": _argocd_source_merge,
    "envsubst": _envsubst,
    "kube-version": _kube_version,
    "source-type": _source_type,
    "detection": _detection,
}


@cache
def _topics() -> dict[str, list[Case]]:
    """All cases of all files by topic, which Argo CD's files call category."""

    def read(name: str) -> Any:
        return json.loads((_FOLDER / f"{name}.json").read_text())["cases"]

    topics: dict[str, list[Case]] = {**read("image-updater"), "select": read("select")}
    for case in [*read("argocd-helm"), *read("argocd-kustomize")]:
        topics.setdefault(case["category"], []).append(case)
    return topics


def _cases(*, differ: bool) -> list[Any]:
    return [
        pytest.param(run, case, id=case["id"])
        for topic, run in _RUNNERS.items()
        for case in _topics()[topic]
        if not (why := _EXCEPTIONS.get(case["id"], "")).startswith("not run")
        and bool(why) is differ
    ]


@pytest.mark.parametrize(("run", "case"), _cases(differ=False))
def test_answers_as_the_reference(run: Runner, case: Case) -> None:
    run(case)


@pytest.mark.parametrize(("run", "case"), _cases(differ=True))
def test_differs_on_purpose(run: Runner, case: Case) -> None:
    """Should it ever not, the exception has lost its reason."""
    with pytest.raises((AssertionError, CmpError)):
        run(case)


def test_every_case_is_run_or_has_a_reason() -> None:
    topics = _topics()
    ids = {case["id"] for topic in _RUNNERS for case in topics[topic]}

    assert set(topics) == {*_RUNNERS, *(name for name in _EXCEPTIONS if name in topics)}
    assert set(_EXCEPTIONS) <= ids | (set(topics) - set(_RUNNERS))
    assert all(why.startswith(("differs: ", "not run")) for why in _EXCEPTIONS.values())
    assert sum(map(len, topics.values())) == 600 + 136 + 99 + 37
