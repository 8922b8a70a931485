"""The parameter ``patches``: what it selects and does, and values as Argo CD reads them."""

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cmp.compose import compose
from cmp.core.flow import flow
from cmp.core.json_values import json_value
from cmp.core.selector import Selector
from cmp.core.yaml_tree import Scalar
from cmp.errors import InvalidInput, InvalidSource, RenderRefused
from cmp.renderers.patches import parse_patches, patched
from tests.support.cli import PROJECT
from tests.support.oracle import Oracle

FIRST = "# kept\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: 'y'}\n"
SECOND = "apiVersion: apps/v1\nkind: Deployment # gone\nmetadata: {name: b}\nspec: {replicas: 1}\n"
OUTPUT = f"---\n{FIRST}--- # second\n{SECOND}"


def patch(target: dict[str, str], *operations: dict[str, Any]) -> str:
    return yaml.safe_dump([{"target": target, "patch": json.dumps(operations)}])


def replicas(value: object, path: str = "/spec/replicas") -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def apply(written: str, output: str = OUTPUT) -> str:
    return patched(output.encode(), written)[0].decode()


def test_what_is_patched_is_printed_as_json_and_all_else_stays() -> None:
    changed = apply(patch({"kind": "Deployment"}, replicas(3)))

    assert changed == (
        f"---\n{FIRST}--- # second\n"
        '{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "b"}, '
        '"spec": {"replicas": 3}}\n'
    )


def test_patches_are_applied_in_their_order() -> None:
    one = patch({}, {"op": "add", "path": "/metadata/labels", "value": {}})
    other = patch(
        {"labelSelector": "!x"}, {"op": "add", "path": "/metadata/labels/x", "value": "1"}
    )

    changed = list(yaml.safe_load_all(apply(one + other)))

    assert [document["metadata"]["labels"] for document in changed] == [{"x": "1"}, {"x": "1"}]


@pytest.mark.parametrize(
    "operations",
    [
        pytest.param([{"op": "test", "path": "/kind", "value": "Deployment"}], id="only-a-test"),
        pytest.param([replicas(1)], id="the-same-value"),
        pytest.param([], id="none"),
    ],
)
def test_a_patch_that_changes_nothing_keeps_every_byte(operations: list[dict[str, Any]]) -> None:
    assert apply(patch({"kind": "Deployment"}, *operations)) == OUTPUT


def test_the_items_of_a_list_are_patched() -> None:
    listed = f"kind: List\nitems:\n- {{kind: A}}\n- {flow(yaml.safe_load(SECOND))}\n"

    changed = yaml.safe_load(apply(patch({"kind": "Deployment"}, replicas(3)), listed))

    assert [item.get("spec") for item in changed["items"]] == [None, {"replicas": 3}]


def test_a_target_that_is_not_there_is_told() -> None:
    output, notes = patched(OUTPUT.encode(), patch({"kind": "Deploy"}, replicas(3)))

    assert output.decode() == OUTPUT
    assert notes == ["patches[0]: nothing that is rendered is its target"]


def test_what_an_alias_shows_is_patched_where_it_is_meant_only() -> None:
    text = "kind: X\na: &a {b: 1}\nc: *a\n"

    assert (
        apply(patch({}, replicas(2, "/c/b")), text)
        == '{"kind": "X", "a": {"b": 1}, "c": {"b": 2}}\n'
    )


# --- which resources

_RESOURCE: Any = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "labels": {"app": "web", "tier": "front", "size": "5", "x.test/a": "b"},
        "annotations": {"owner": "me"},
    },
}


@pytest.mark.parametrize(
    ("target", "is_selected"),
    [
        pytest.param({}, True, id="all"),
        pytest.param({"kind": "Deployment", "group": "apps", "version": "v1"}, True, id="kind"),
        pytest.param({"kind": "Deploy"}, False, id="anchored"),
        pytest.param({"kind": "Deploy.*|Job"}, True, id="expression"),
        pytest.param({"kind": "Job|Deploy"}, False, id="alternatives-are-anchored"),
        pytest.param({"name": "web-[0-9]"}, True, id="name"),
        pytest.param({"name": "web", "kind": "Deployment"}, False, id="all-of-them"),
        pytest.param({"namespace": "shop"}, True, id="namespace"),
        pytest.param({"namespace": "default"}, False, id="another-namespace"),
        pytest.param({"labelSelector": "app=web"}, True, id="equal"),
        pytest.param({"labelSelector": "app==web,tier = front"}, True, id="two"),
        pytest.param({"labelSelector": "app=web,tier=back"}, False, id="one-of-two"),
        pytest.param({"labelSelector": "app!=web"}, False, id="unequal"),
        pytest.param({"labelSelector": "other!=web"}, True, id="unequal-without"),
        pytest.param({"labelSelector": "app in (api, web),tier"}, True, id="in"),
        pytest.param({"labelSelector": "other in (web)"}, False, id="in-without"),
        pytest.param({"labelSelector": "app notin (api,web)"}, False, id="notin"),
        pytest.param({"labelSelector": "other notin (api,web)"}, True, id="notin-without"),
        pytest.param({"labelSelector": "x.test/a"}, True, id="exists"),
        pytest.param({"labelSelector": "other"}, False, id="exists-not"),
        pytest.param({"labelSelector": "! other"}, True, id="not"),
        pytest.param({"labelSelector": "size>4,size<6"}, True, id="bounds"),
        pytest.param({"labelSelector": "size>5"}, False, id="bound"),
        pytest.param({"labelSelector": "app>5"}, False, id="no-number"),
        pytest.param({"labelSelector": " "}, True, id="blank"),
        pytest.param({"annotationSelector": "owner=me"}, True, id="annotation"),
        pytest.param({"annotationSelector": "app=web"}, False, id="no-annotation"),
    ],
)
def test_a_target(target: dict[str, str], is_selected: bool) -> None:  # noqa: FBT001 - a table
    assert Selector.parse(target, "t").selects(_RESOURCE) is is_selected


def test_what_has_no_namespace_is_in_default() -> None:
    assert Selector.parse({"namespace": "default"}, "t").selects({"kind": "X"})


# --- what is refused


@pytest.mark.parametrize(
    ("written", "where", "complaint"),
    [
        pytest.param("a: b", "patches", "not a list of patches", id="no-list"),
        pytest.param("- [", "patches", "not YAML: ", id="no-yaml"),
        pytest.param("- patch: '[]'", "patches[0]", "it has no target", id="no-target"),
        pytest.param("- target: {}", "patches[0]", "it has no patch", id="no-patch"),
        pytest.param("- {target: {}, path: x}", "patches[0]", "no field 'path'", id="file"),
        pytest.param(
            "- {target: {kid: X}, patch: '[]'}",
            "patches[0].target",
            "no field 'kid'; did you mean 'kind'?",
            id="field",
        ),
        pytest.param(
            "- {target: {name: '['}, patch: '[]'}",
            "patches[0].target.name",
            "not an RE2 expression",
            id="expression",
        ),
        pytest.param(
            "- {target: {labelSelector: 'a b'}, patch: '[]'}",
            "patches[0].target.labelSelector",
            "not a label selector: 'a b'; write key=value",
            id="selector",
        ),
        pytest.param(
            "- {target: {}, patch: [{op: add}]}", "patches[0].patch", "not text", id="no-text"
        ),
        pytest.param(
            "- {target: {}, patch: 'kind: X'}",
            "patches[0].patch",
            "no list of RFC 6902 operations",
            id="strategic-merge",
        ),
        pytest.param(
            "- {target: {}, patch: '[{op: put, path: /a}]'}",
            "patches[0].patch",
            "no RFC 6902 operation: Unknown operation 'put'",
            id="operation",
        ),
        pytest.param(
            "- {target: {}, patch: '[a]'}",
            "patches[0].patch",
            "no RFC 6902 operation: it is no mapping",
            id="no-operation",
        ),
        pytest.param(
            "- {target: {}, patch: '[{op: remove, path: a}]'}",
            "patches[0].patch",
            "no RFC 6902 operation: ",
            id="pointer",
        ),
    ],
)
def test_what_is_no_patch(written: str, where: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_patches(written)

    assert (error.value.where, error.value.exit_status) == (where, 2)
    assert error.value.message.startswith(complaint)


@pytest.mark.parametrize(
    ("operation", "complaint"),
    [
        pytest.param(
            replicas(1, "/spec/other"), "replace /spec/other cannot be done, for its", id="replace"
        ),
        pytest.param({"op": "remove", "path": "/spec/1/2"}, "remove /spec/1/2 cannot", id="remove"),
        pytest.param(
            {"op": "add", "path": "/spec/replicas/0", "value": 1}, "add /spec/replicas/0", id="add"
        ),
        pytest.param(
            {"op": "move", "from": "/nowhere", "path": "/a"}, "move /a cannot be done", id="move"
        ),
        pytest.param(
            {"op": "test", "path": "/spec", "value": "s3cret"},
            "test /spec found another value; change the value, or what is rendered",
            id="test",
        ),
        pytest.param(replicas("x", ""), "what it leaves is no resource", id="whole"),
    ],
)
def test_what_cannot_be_applied_names_patch_and_target(
    operation: dict[str, Any], complaint: str
) -> None:
    secret = OUTPUT.replace("spec: {", "spec: {password: hunter2, ")
    with pytest.raises(InvalidSource) as error:
        apply(patch({"name": "c"}) + patch({"kind": "Deployment"}, operation), secret)

    assert error.value.where == "patches[1]"
    assert error.value.message.startswith(f"Deployment b: {complaint}")
    assert not {"hunter2", "s3cret"} & set(error.value.message.replace("'", " ").split())


@pytest.mark.parametrize(
    ("output", "complaint"),
    [
        pytest.param("a: [", "is not YAML: ", id="no-yaml"),
        pytest.param("a: .nan", "cannot be patched: ", id="no-number"),
        pytest.param("? [a]\n: b", "cannot be patched: a key is neither text", id="key"),
        pytest.param("a: !!int b", "cannot be patched: cannot decode 'b' as !!int", id="tag"),
        pytest.param(
            "a0: &a0 [b]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)),
            "cannot be patched: it is more than 1000000 values",
            id="aliases-of-aliases",
        ),
    ],
)
def test_what_cannot_be_read(output: str, complaint: str) -> None:
    with pytest.raises(RenderRefused, match=f"^what was rendered {complaint}"):
        apply(patch({}), output)


# --- values as Argo CD reads them

_SCALARS = (
    *(
        "yes",
        "No",
        "on",
        "OFF",
        "y",
        "n",
        "true",
        "~",
        "null",
        "Null",
        "",
        "=",
        "<",
        "<<x",
        "y e s",
    ),
    *("0", "-0", "017", "0o17", "0O17", "08", "0x1F", "0X1f", "0b101", "-0b1", "+1", "1_000", "_1"),
    *(
        "-017",
        "+0x1",
        "0_7",
        "1__0",
        "0x",
        "0b2",
        "00",
        "+",
        ".",
        "..",
        "1.",
        ".5",
        "-.5",
        "+.5",
    ),
    *(
        "1e3",
        "1E+3",
        "1.5e-3",
        ".5e1",
        "1e",
        "1e999",
        "-1e999",
        ".5_0",
        "._5",
        ".5_",
        ".5__0",
        "1_0.5",
        "0.1",
        "123.456",
    ),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "+9223372036854775808"),
    *("18446744073709551615", "18446744073709551616", "-9223372036854775809", "1" * 200),
    *(
        "2001-01-01",
        "2001-1-1",
        "2001-01-01T00:00:00Z",
        "2001-13-45",
        "1:30",
        "190:20:30.15",
        "1.2.3",
    ),
    *("!!str 1", "!!int '5'", "!!float 1", "!!bool yes", "!!null ''", "!!binary YQ==", "!own 1"),
    *("'1'", '"yes"', '"\\x41\\u2028"', "!!timestamp 2001-01-01", "0777777777777777777777777"),
)


@pytest.mark.tools
@pytest.mark.parametrize("scalar", _SCALARS)
def test_a_scalar_is_what_argo_cd_makes_of_it(oracle: Oracle, scalar: str) -> None:
    text = f"kind: X\na: {scalar}\n"
    key = scalar if scalar not in {"~", "null", "Null", "", "!!null ''"} else "a"
    value = json_value(compose(scalar) or Scalar("", 0, 0, ""))
    if not isinstance(value, float) and not (isinstance(value, int) and value >= 2**63):
        text += f"b: {{? {key} : c}}\n"

    _is_the_same(oracle, text)


@pytest.mark.tools
@pytest.mark.parametrize("scalar", ["!!int a", "!!bool 1", "!!float a", "!!null a", "!!binary '*'"])
def test_a_scalar_that_is_refused(oracle: Oracle, scalar: str) -> None:
    ((objects, error),) = oracle.directory([f"kind: X\na: {scalar}\n"])
    root = compose(scalar)

    assert not objects
    assert error
    assert root is not None
    with pytest.raises(ValueError, match=r"\w"):
        json_value(root)


@pytest.mark.tools
@given(st.text("0123456789abcdefoxXeEnNyY_+-.:~tT", min_size=1, max_size=12))
def test_whatever_the_scalar(oracle: Oracle, scalar: str) -> None:
    text = f"kind: X\na: {scalar}\n"
    if not oracle.directory([text])[0][1]:
        _is_the_same(oracle, text)


@pytest.mark.tools
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: &a {b: 1, c: 2}\nd: {b: 0, <<: *a, c: 3}\nkind: X\n", id="merge"),
        pytest.param("a: &a {b: 1}\nc: {<<: [*a, {b: 2, d: 3}]}\nkind: X\n", id="merges"),
        pytest.param("kind: X\na: {'<<': {b: 1}}\n", id="quoted-merge"),
        pytest.param("kind: X\na: 1\na: 2\n", id="twice"),
        pytest.param("kind: X\na: |\n  b\n  c\nd: >+\n  e\n\n", id="blocks"),
        pytest.param('kind: X\na: "é😀\\U0001f600\\x7f"\n'.replace("\\x7f", ""), id="unicode"),
        pytest.param("kind: X\na: [[], {}, [{b: [c]}]]\n", id="nested"),
    ],
)
def test_a_document_is_what_argo_cd_makes_of_it(oracle: Oracle, text: str) -> None:
    _is_the_same(oracle, text)


def _is_the_same(oracle: Oracle, text: str) -> None:
    root = compose(text)
    assert root is not None
    assert oracle.plugin([f"---\n{flow(json_value(root))}\n"]) == oracle.directory([text])


# --- what is announced


def test_it_is_announced_and_documented() -> None:
    plugin = yaml.safe_load((PROJECT / "plugin.yaml").read_text())
    (announced,) = (p for p in plugin["spec"]["parameters"]["static"] if p["name"] == "patches")
    document = (PROJECT / "docs" / "parameters.md").read_text()

    assert announced["collectionType"] == "string"
    assert f"| `patches` | string | | {announced['tooltip']} |" in document


def test_the_example_of_the_document() -> None:
    document = (PROJECT / "docs" / "parameters.md").read_text()
    block = re.findall(
        r"^```yaml\n( +- name: patches\n.*?)^```", document, re.DOTALL | re.MULTILINE
    )
    (parameter,) = yaml.safe_load(block[0])

    (resource,) = yaml.safe_load_all(apply(parameter["string"], f"---\n{SECOND}"))

    assert resource["spec"] == {"replicas": 1, "revisionHistoryLimit": 3}
