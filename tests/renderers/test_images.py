"""Images in the text of manifests: what is changed, what is refused, and that all else stays."""

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage, Target, read_image_list
from cmp.core.injection import Choice, is_set_by
from cmp.core.policy import Policy
from cmp.errors import InvalidSource, RenderRefused
from cmp.renderers.images import placed, with_images
from tests.support.oracle import Oracle
from tests.support.values import DIGEST


def choice(alias: str = "app", image: str = "r.test/team/app", **target: str) -> Choice:
    """Return the choice of 2.0 for an image, with its ``manifest_path`` and other targets."""
    keys = {
        f"{alias}.{name.replace('_', '.', 1).replace('_', '-')}": v for name, v in target.items()
    }
    keys = {key.replace("manifest.", "manifest-"): value for key, value in keys.items()}
    (managed,) = read_image_list({"image-list": f"{alias}={image}", **keys}).images
    return Choice(managed, "2.0")


def set_in(text: str, *choices: Choice, kind: str = "directory") -> str:
    output, _ = with_images(text.encode(), placed(kind, choices or (choice(),)))
    return output.decode()


def notes(text: str, *choices: Choice, kind: str = "directory") -> list[str]:
    return with_images(text.encode(), placed(kind, choices))[1]


def pod(containers: str) -> str:
    return f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{containers}"


# --- where images stand

_SPEC = "{containers: [{image: r.test/team/app:1}]}"
_TEMPLATE = f"spec: {{template: {{spec: {_SPEC}}}}}"
_KINDS = {
    "v1 Pod": f"spec: {_SPEC}",
    "v1 PodTemplate": f"template: {{spec: {_SPEC}}}",
    "v1 ReplicationController": _TEMPLATE,
    "apps/v1 DaemonSet": _TEMPLATE,
    "apps/v1 Deployment": _TEMPLATE,
    "apps/v1 ReplicaSet": _TEMPLATE,
    "apps/v1 StatefulSet": _TEMPLATE,
    "argoproj.io/v1alpha1 Rollout": _TEMPLATE,
    "batch/v1 Job": _TEMPLATE,
    "batch/v1 CronJob": f"spec: {{jobTemplate: {{{_TEMPLATE}}}}}",
}


@pytest.mark.parametrize("kind", _KINDS)
def test_every_kind_with_a_pod_spec(kind: str) -> None:
    version, name = kind.split()
    text = f"apiVersion: {version}\nkind: {name}\n{_KINDS[kind]}\n"
    listed = f"kind: List\nitems:\n- {{apiVersion: {version}, kind: {name}, {_KINDS[kind]}}}\n"

    for written in (text, listed):
        assert set_in(written) == written.replace("app:1", "app:2.0")


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("containers: [{image: r.test/team/app:1}]", id="containers"),
        pytest.param("initContainers: [{image: r.test/team/app:1}]", id="init-containers"),
        pytest.param("ephemeralContainers: [{image: r.test/team/app:1}]", id="ephemeral"),
        pytest.param("volumes: [{image: {reference: r.test/team/app:1}}]", id="volumes"),
    ],
)
def test_every_place_in_a_pod_spec(spec: str) -> None:
    text = f"apiVersion: v1\nkind: Pod\nspec:\n  {spec}\n"

    assert set_in(text) == text.replace("app:1", "app:2.0")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("kind: Pod\nspec: {image: r.test/team/app:1}\n", id="elsewhere"),
        pytest.param(f"apiVersion: x.test/v1\nkind: Deployment\n{_TEMPLATE}\n", id="other-group"),
        pytest.param(f"apiVersion: v1\nkind: Deployment\n{_TEMPLATE}\n", id="core-group"),
        pytest.param(f"kind: Widget\n{_TEMPLATE}\n", id="other-kind"),
        pytest.param("- r.test/team/app:1\n", id="no-mapping"),
        pytest.param("# r.test/team/app:1\n", id="comment"),
        pytest.param(pod("  - image: r.test/team/application:1\n"), id="longer-name"),
        pytest.param(pod("  - image: r.test/other/app:1\n"), id="other-path"),
        pytest.param(pod("  - image: other.test/team/app:1\n"), id="other-host"),
        pytest.param(pod("  - image: [r.test/team/app:1]\n"), id="no-text"),
        pytest.param(pod("  - image: r.test/team/app:$TAG\n"), id="no-reference"),
        pytest.param(
            pod("  - {image: a, image: r.test/team/app:1, image: b}\n"), id="not-in-force"
        ),
        pytest.param("", id="empty"),
    ],
)
def test_nothing_to_change_is_the_same_bytes(text: str) -> None:
    assert set_in(text) == text


def test_a_document_that_names_no_image_is_not_even_parsed() -> None:
    text = "{{{ not YAML\n---\n\xff\n"

    assert with_images(text.encode("latin-1"), placed("directory", [choice()]))[0] == text.encode(
        "latin-1"
    )


# --- what is written


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("r.test/team/app", "r.test/team/app:2.0", id="no-tag"),
        pytest.param(f"r.test/team/app:1@{DIGEST}", "r.test/team/app:2.0", id="digest"),
        pytest.param("'r.test/team/app:1'", "'r.test/team/app:2.0'", id="single-quotes"),
        pytest.param('"r.test/team/app:1"', '"r.test/team/app:2.0"', id="double-quotes"),
        pytest.param('"r.test/team/\\\n     app:1"', '"r.test/team/app:2.0"', id="over-two-lines"),
        pytest.param('"r.test/team/app\\x3a1"', '"r.test/team/app:2.0"', id="escaped"),
        pytest.param("&a r.test/team/app:1", "&a r.test/team/app:2.0", id="anchor"),
        pytest.param("!!str &a 'r.test/team/app:1'", "!!str &a 'r.test/team/app:2.0'", id="both"),
        pytest.param(
            "&a # b\n      r.test/team/app:1", "&a # b\n      r.test/team/app:2.0", id="comment"
        ),
        pytest.param(">-\n      r.test/team/app:1", "r.test/team/app:2.0", id="folded"),
        pytest.param("&a |-\n      r.test/team/app:1\n", "&a r.test/team/app:2.0\n", id="literal"),
        pytest.param("r.test/team/app:1 # why", "r.test/team/app:2.0 # why", id="comment-after"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\n    name: a # é😀\n", ""])
def test_the_quotes_stay(before: str, after: str, end: str) -> None:
    text = "# é😀\n" + pod(f"  - image: {before}{end}")

    assert set_in(text) == text.replace(before, after)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        pytest.param("nginx", "docker.io/library/nginx", id="official"),
        pytest.param("index.docker.io/nginx", "nginx", id="other-spelling"),
        pytest.param("team/app", "docker.io/team/app", id="hub"),
    ],
)
def test_the_name_stays_as_it_is_written(name: str, image: str) -> None:
    text = pod(f"  - image: {name}:1\n")

    assert set_in(text, choice(image=image)) == text.replace(":1\n", ":2.0\n")


def test_the_name_in_the_manifests_becomes_the_image() -> None:
    named = choice(kustomize_image_name="APP")
    other = "  - image: r.test/team/app:1\n"

    assert set_in(pod("  - image: APP\n  - image: APP:1\n" + other), named) == pod(
        "  - image: r.test/team/app:2.0\n" * 2 + other
    )


@pytest.mark.parametrize(
    ("form", "digest", "expected"),
    [
        pytest.param("", "", ":2.0", id="tag"),
        pytest.param("tag@digest", DIGEST, f":2.0@{DIGEST}", id="tag-and-digest"),
        pytest.param("digest-only", DIGEST, f"@{DIGEST}", id="digest-only"),
    ],
)
def test_the_form_of_the_result(form: str, digest: str, expected: str) -> None:
    image = ManagedImage("a", Repository.parse("app"), Policy(digest=form), Target())

    assert set_in(pod("  - image: app:1\n"), Choice(image, "2.0", digest)) == pod(
        f"  - image: app{expected}\n"
    )


def test_what_would_be_a_number_is_quoted() -> None:
    image = ManagedImage("a", Repository.parse("0x1"), Policy(), Target())
    assert set_in(pod("  - image: 0x1:1\n"), Choice(image, "2")) == pod("  - image: 0x1:2\n")


def test_separators_line_ends_and_a_byte_order_mark_stay() -> None:
    one = pod("  - image: r.test/team/app:1\n")
    text = f"--- # first\r\n\ufeff{one}\r\n---\n{one}...\nnot: [read\n---\n"
    text += one.replace("\n", "\r\n")

    assert set_in(text) == text.replace("app:1", "app:2.0")


# --- anchors and aliases


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "  - {image: &a r.test/team/app:1}\n  - {image: *a}\n",
            "  - {image: &a r.test/team/app:2.0}\n  - {image: r.test/team/app:2.0}\n",
            id="image-and-image",
        ),
        pytest.param(
            "  - {image: &a r.test/team/app:1, env: [{value: *a}]}\n",
            '  - {image: &a r.test/team/app:2.0, env: [{value: "r.test/team/app:1"}]}\n',
            id="shown-elsewhere-too",
        ),
        pytest.param(
            "  - {name: &a r.test/team/app:1, image: *a}\n",
            "  - {name: &a r.test/team/app:1, image: r.test/team/app:2.0}\n",
            id="defined-elsewhere",
        ),
        pytest.param(
            "  - &c {image: r.test/team/app:1}\n  - *c\n",
            "  - &c {image: r.test/team/app:2.0}\n  - *c\n",
            id="container-twice",
        ),
        pytest.param(
            "  - &c {image: r.test/team/app:1}\n  - {<<: *c, name: b}\n",
            "  - &c {image: r.test/team/app:2.0}\n  - {<<: *c, name: b}\n",
            id="merged",
        ),
        pytest.param(
            "  - &c {image: r.test/team/app:1}\n  - {<<: *c, image: r.test/team/app:1.1}\n",
            "  - &c {image: r.test/team/app:2.0}\n  - {<<: *c, image: r.test/team/app:2.0}\n",
            id="merged-and-set",
        ),
        pytest.param(
            "  - &c {image: other:1}\n  - {image: r.test/team/app:1, <<: *c}\n",
            "  - &c {image: other:1}\n  - {image: r.test/team/app:1, <<: *c}\n",
            id="merged-over",
        ),
    ],
)
def test_aliases(before: str, after: str) -> None:
    assert set_in(pod(before)) == pod(after)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "kind: Pod\nx: &c {image: r.test/team/app:1}\nspec: {containers: [*c]}\n", id="defined"
        ),
        pytest.param(
            "kind: Pod\nspec: {containers: [&c {image: r.test/team/app:1}]}\nx: *c\n", id="shown"
        ),
        pytest.param(
            "kind: Pod\nx: &c {image: r.test/team/app:1}\nspec: {containers: [{<<: *c}]}\n",
            id="merged",
        ),
        pytest.param(
            "kind: Pod\nx: &c [&d {image: &e r.test/team/app:1}]\nspec: {containers: *c}\ny: *d\n",
            id="within",
        ),
    ],
)
def test_what_an_anchor_shows_elsewhere_too_is_refused(text: str) -> None:
    with pytest.raises(InvalidSource, match=r"^Pod: r\.test/team/app:1 is part of what an anchor"):
        set_in(text)


def test_aliases_of_aliases_end() -> None:
    lines = "".join(f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 30))
    merges = "".join(
        f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 30)
    )
    text = f"kind: Pod\nx:\n  - &l0 r.test/team/app:1\n{lines}m0: &m0 {{image: a}}\n{merges}"
    containers = "spec: {containers: [&c {image: r.test/team/app:1}, *c, {<<: *m29}]}\n"

    assert "{image: r.test/team/app:2.0}" in set_in(text + containers)


def test_more_places_than_could_be_written_are_refused() -> None:
    containers = "&c {image: r.test/team/app:1}" + ", *c" * 400
    pods = f"&p {{apiVersion: v1, kind: Pod, spec: {{containers: [{containers}]}}}}" + ", *p" * 400
    text = f"kind: List\nitems: [{pods}]\n"

    with pytest.raises(InvalidSource, match="more than 100000 images in one document"):
        set_in(text)


# --- several images


def test_two_images_of_one_repository_are_told_apart_or_refused() -> None:
    text = pod("  - image: r.test/team/app:1\n")

    with pytest.raises(
        InvalidSource,
        match=r"images a and b could both be r\.test/team/app:1; say where each stands with "
        r"a\.manifest-path and b\.manifest-path",
    ):
        set_in(text, choice("a"), choice("b"))


def test_each_image_goes_to_its_own_place() -> None:
    one = choice("a", manifest_path="apps/Deployment:/spec/template/spec/containers/0/image")
    other = choice("b")._replace(tag="3.0")
    deployment = f"apiVersion: apps/v1\nkind: Deployment\n{_TEMPLATE}\n"
    text = f"{deployment}---\n{pod('  - image: r.test/team/app:1')}"

    assert set_in(text, one, other) == (
        f"{deployment.replace('app:1', 'app:2.0')}---\n{pod('  - image: r.test/team/app:3.0')}"
    )


def test_an_image_that_stands_nowhere_is_told() -> None:
    assert notes(pod("  - image: other:1\n"), choice()) == [
        "image app: no image r.test/team/app stands where it is to be set"
    ]


# --- custom resources

_WIDGET = "apiVersion: x.test/v1\nkind: Widget\nmetadata: {name: w}\nspec:\n"


@pytest.mark.parametrize(
    ("path", "spec"),
    [
        pytest.param("x.test/Widget:/spec/image", "  image: r.test/team/app:1\n", id="field"),
        pytest.param("x.test/Widget:/spec/a~1b~0", "  a/b~: r.test/team/app:1\n", id="escaped"),
        pytest.param("x.test/Widget:/spec/1/a", "  - {}\n  - a: r.test/team/app:1\n", id="index"),
        pytest.param(
            "x.test/Widget:/spec/*/a",
            "  - {a: r.test/team/app:1}\n  - {a: b:1}\n  - {b: r.test/team/app:1 }\n",
            id="every-item",
        ),
        pytest.param(
            "x.test/Widget:/spec/*", "  '*': r.test/team/app:1\n", id="field-of-that-name"
        ),
        pytest.param(
            "y.test/Gadget:/a, x.test/Widget:/b, x.test/Widget:/spec/image",
            "  image: r.test/team/app:1\n",
            id="several",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["helm", "kustomize", "directory"])
def test_where_a_path_leads(kind: str, path: str, spec: str) -> None:
    wanted = choice(manifest_path=path)

    changed = set_in(_WIDGET + spec, wanted, kind=kind)

    assert changed == _WIDGET + spec.replace("app:1\n", "app:2.0\n").replace("app:1}", "app:2.0}")


@pytest.mark.parametrize(
    ("path", "spec", "complaints"),
    [
        pytest.param(
            "y.test/Widget:/a",
            "  image: r.test/team/app:1\n",
            ["image app: manifest-path y.test/Widget:/a: nothing of that kind is rendered"],
            id="group",
        ),
        pytest.param(
            "x.test/Widget:/spec/img",
            "  image: r.test/team/app:1\n",
            ["image app: manifest-path x.test/Widget:/spec/img: leads nowhere in any Widget"],
            id="field",
        ),
        pytest.param(
            "x.test/Widget:/spec/01",
            "  - r.test/team/app:1\n",
            ["image app: manifest-path x.test/Widget:/spec/01: leads nowhere in any Widget"],
            id="no-index",
        ),
        pytest.param(
            "x.test/Widget:/spec/image",
            "  image:\n",
            ["image app: manifest-path x.test/Widget:/spec/image: leads nowhere in any Widget"],
            id="null",
        ),
        pytest.param(
            "x.test/Widget:/spec/image",
            "  image: other/app:1\n",
            ["image app: no image r.test/team/app stands where it is to be set"],
            id="another-image",
        ),
    ],
)
def test_a_path_that_leads_to_no_such_image_is_told(
    path: str, spec: str, complaints: list[str]
) -> None:
    wanted = choice(manifest_path=path)

    assert set_in(_WIDGET + spec, wanted) == _WIDGET + spec
    assert notes(_WIDGET + spec, wanted) == complaints


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        pytest.param(
            "  image: v1.2\n",
            "'v1.2' in Widget w names no registry and no tag; write the whole image there, as "
            "r.test/team/app:v1.2",
            id="tag",
        ),
        pytest.param("  image: 1.2\n", "'1.2' in Widget w names no registry", id="number"),
        pytest.param(
            "  image: {tag: v1}\n", "leads to a mapping in Widget w; lead it on", id="mapping"
        ),
        pytest.param("  image: [a:1]\n", "leads to a list in Widget w; lead it on", id="list"),
    ],
)
def test_what_is_no_whole_image_is_refused(spec: str, complaint: str) -> None:
    wanted = choice(manifest_path="x.test/Widget:/spec/image")

    with pytest.raises(InvalidSource) as error:
        set_in(_WIDGET + spec, wanted)

    assert error.value.where == "image app: manifest-path x.test/Widget:/spec/image"
    assert error.value.message.startswith(complaint)


@pytest.mark.parametrize(
    ("target", "by_themselves"),
    [
        pytest.param({}, {"helm", "kustomize", "directory"}, id="nothing"),
        pytest.param({"manifest_path": "X:/a"}, set(), id="path"),
        pytest.param({"manifest_path": "X:/a", "helm_image_tag": "t"}, {"helm"}, id="helm-too"),
        pytest.param(
            {"manifest_path": "X:/a", "kustomize_image_name": "n"},
            {"kustomize", "directory"},
            id="kustomize-too",
        ),
    ],
)
def test_an_image_with_a_path_is_set_there_only(
    target: dict[str, str], by_themselves: set[str]
) -> None:
    wanted = choice(**target)

    kinds = ("helm", "kustomize", "directory")
    assert {kind for kind in kinds if is_set_by(kind, wanted)} == by_themselves
    assert {w.in_pods for w in placed("directory", [wanted])} == {"directory" in by_themselves}
    assert bool(placed("helm", [wanted])) == ("manifest_path" in target)


# --- what cannot be read


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ r.test/team/app }}: [\n", id="no-yaml"),
        pytest.param("kind: !!int r.test/team/app\n", id="wrong-tag"),
        pytest.param("kind: \xff # r.test/team/app\n", id="no-text"),
        pytest.param(f"# r.test/team/app\na: {'[' * 20_000}", id="as-deep-as-nothing-is"),
    ],
)
def test_what_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(RenderRefused, match="what was rendered is not YAML: "):
        with_images(text.encode("latin-1"), placed("directory", [choice()]))


# --- whatever the text

_STYLES = st.sampled_from(
    ["{}", "'{}'", '"{}"', "&a{n} {}", "!!str '{}'", "{} # c", ">-\n      {}"]
)
_IMAGES = st.sampled_from(["r.test/team/app:1", "r.test/team/app", "other:1", "r.test/team/app2:1"])
_CONTAINERS = st.lists(
    st.tuples(_STYLES, _IMAGES, st.sampled_from(["", "# c\n", "\n"])), max_size=4
)


@given(st.lists(_CONTAINERS, min_size=1, max_size=3), st.sampled_from(["\n", "\r\n"]))
def test_exactly_the_images_change(pods: list[list[tuple[str, str, str]]], line: str) -> None:
    text = "---\n".join(
        pod(
            "  - name: é😀\n"
            + "".join(
                f"  - image: {style.replace('{n}', str(n)).format(image)}\n    name: c\n{after}"
                for n, (style, image, after) in enumerate(containers)
            )
        )
        for containers in pods
    ).replace("\n", line)

    changed = set_in(text)

    assert list(yaml.safe_load_all(changed)) == [_expected(d) for d in yaml.safe_load_all(text)]
    old = re.compile(r"(?:>-\s+)?r\.test/team/app(?::1)?(?![0-9:])")
    new = re.compile(r"r\.test/team/app:2\.0")
    assert old.sub("IMAGE", text) == new.sub("IMAGE", changed)


def _expected(document: Any) -> Any:
    for container in document["spec"]["containers"]:
        if container.get("image", "").partition(":")[0] == "r.test/team/app":
            container["image"] = "r.test/team/app:2.0"
    return document


_ANCHORED = st.sampled_from(
    [
        "&c\n    image: r.test/team/app:1",
        "&d {image: other:1}",
        "*c",
        "*d",
        "{<<: *c, name: b}",
        "{<<: *c, image: &a r.test/team/app}",
        "{image: 'r.test/team/app:1', <<: *d}",
        "{<<: [*c, *d]}",
        "{image: *a, env: [*a, *b]}",
        "{image: &a 'r.test/team/app:3', name: *b}",
        "{image: &b other:2, *b : x}",
        "&c {image: *a, image: *b}",
    ]
)


@pytest.mark.tools
@settings(max_examples=300)
@given(st.lists(_ANCHORED, min_size=1, max_size=5), st.sampled_from(["x: 1", "x: *a", "x: *c"]))
def test_exactly_the_images_change_however_they_are_named(
    oracle: Oracle, containers: list[str], last: str
) -> None:
    first = ["&c {image: r.test/team/app:1}", "&d {image: other:1}"]
    text = pod("".join(f"  - {one}\n" for one in [*first, *containers])) + f"{last}\n"
    text = f"y: &a r.test/team/app:1\nz: &b other\n{text}"
    ((before, error),) = oracle.directory([text])
    assume(not error)

    try:
        changed = set_in(text)
    except InvalidSource as refused:
        assert "is part of what an anchor names" in refused.message  # noqa: PT017 - or is right
        return

    ((after, _),) = oracle.directory([changed])
    assert [json.loads(one) for one in after] == [_expected(json.loads(one)) for one in before]
