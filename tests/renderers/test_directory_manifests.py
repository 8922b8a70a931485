"""What a file of a plain directory holds, against Argo CD's own code (tools/oracle)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.core.documents import stream
from cmp.errors import InvalidSource
from cmp.renderers.directory_manifests import manifests
from tests.support.oracle import Oracle

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
JSON = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}'
FILES = {
    "one": POD,
    "two": f"{POD}---\n{POD}",
    "no-end-of-line": POD.strip(),
    "begins-with-a-separator": f"---\n{POD}",
    "separators-with-comments": f"--- # first\n{POD}---   \n{POD}--- #\n",
    "empty-documents": f"---\n---\n\n---\n# nothing\n---\nnull\n---\n~\n---\n{POD}---\n",
    "comments": f"# a\n{POD}  # b\n# c\n",
    "carriage-returns": POD.replace("\n", "\r\n") + "---\r\n" + POD.replace("\n", "\r\n"),
    "end-of-document": f"{POD}...\n",
    "after-the-end-of-a-document": f"{POD}...\nnot: [read\n",
    "directive-before-a-separator": f"%YAML 1.1\n---\n{POD}",
    "separator-with-content": f"{POD}--- {{kind: Pod}}\n",
    "separator-with-content-first": "--- {a: b}\n",
    "dashes": f"{POD}----\n",
    "text-kept-to-its-end": f"{POD}data: |+\n  x\n\n\n",
    "text-kept-to-the-end-of-a-document": f"{POD}data: |+\n  x\n\n---\n{POD}",
    "json": JSON,
    "json-with-tabs": JSON.replace(" ", "\n\t\t"),
    "json-stream": f"{JSON}{JSON}\n{JSON}",
    "json-then-yaml": f"{JSON}\n---\n{POD}",
    "json-then-a-comment": f"{JSON}\n# that was all\n",
    "two-json-then-yaml": f"{JSON}\n{JSON}\n---\n{POD}",
    "json-numbers": '{"kind": "X", "a": [1, 1.0, 1e3, -0, 12345678901234567890, 1e30, 0.1]}',
    "json-characters": '{"kind": "X", "a": "\\u0000\\ud83d\\ude00\\u2028 \\/ \\" \\\\ é 😀"}',
    "json-null": f"null\n---\n{POD}",
    "json-beside-yaml": f"{POD}---\n{JSON}\n",
    "flow": "{kind: Pod, apiVersion: v1}\n",
    "flow-then-yaml": f"{{kind: Pod}}\n---\n{POD}",
    "list": f"kind: List\nitems:\n- {JSON}\n",
    "list-of-none": "kind: List\nitems: null\n",
    "scalars": "kind: X\na: [yes, on, =]\nb: [0o17, 017, 08, 0x1F, 1_0, .5, 1-1-1, ~]\n",
    "keys": "kind: X\n1: a\ntrue: b\n1.5: c\n",
    "anchors": f"{POD}a: &a {{b: c}}\nd: *a\ne: {{<<: *a, b: d}}\n",
    "kind-merged": "a: &a {kind: Pod}\n<<: *a\n",
    "kind-is-an-alias": "a: &a Pod\nkind: *a\n",
    "kind-of-another-type": "kind: 1\n",
    "kind-quoted": "kind: '1'\n",
    "kind-null": "kind: ~\n",
    "kind-twice": "kind: ''\nkind: Pod\n",
    "no-kind": "a: b\n",
    "no-kind-second": f"{POD}---\na: b\n",
    "no-kind-looks-so": "# apiVersion: kind: metadata:\na: b\n",
    "no-mapping": "- kind: Pod\n",
    "no-mapping-looks-so": "- apiVersion: v1\n  kind: Pod\n  metadata: {}\n",
    "no-yaml": "{{ template }}\n",
    "no-yaml-looks-so": "apiVersion: v1\nkind: Pod\nmetadata: {\n",
    "no-yaml-second": f"{POD}---\n{{{{\n",
    "unknown-anchor": "kind: *a\n",
    "anchor-in-itself": "kind: Pod\na: &a [*a]\n",
    "tabs": "kind: Pod\n\ta: b\n",
    "empty": "",
    "blank": " \n\n",
    "unicode": "kind: X\na: é😀\u2028\n",
}


def _expected(oracle: Oracle, text: str) -> list[str] | None:
    """Return what Argo CD reads in a file; None where it refuses it."""
    ((objects, error),) = oracle.directory([text])
    is_refused = objects or all(sign in text for sign in ("apiVersion:", "kind:", "metadata:"))
    return None if error and is_refused else objects


@pytest.mark.tools
@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_file_is_read_as_argo_cd_reads_it(oracle: Oracle, text: str) -> None:
    expected = _expected(oracle, text)

    if expected is None:
        with pytest.raises(InvalidSource, match=r"^a/b\.yaml: manifest \d in it cannot be read: "):
            manifests("a/b.yaml", text)
        return
    # Between others, for one must not run into the next.
    around = manifests("x.yaml", POD)
    ((printed, error),) = oracle.plugin([stream([*around, *manifests("a", text), *around])])
    ((pod,), _), ((alone, _),) = (
        oracle.directory([POD])[0],
        oracle.plugin([stream(manifests("a", text))]),
    )
    assert (printed, error) == ([pod, *expected, pod], "")
    assert alone == expected


_PIECES = (
    *("apiVersion: v1\n", "kind: Pod\n", "metadata: {name: a}\n", "  a: b\n", "- x\n", "[1]\n"),
    *("---\n", "--- # c\n", "---x\n", "...\n", "# c\n", "%YAML 1.1\n", "\n", "\r\n", " ", "\t\n"),
    *(
        '{"kind":"X"}',
        '{"kind": "Y", "a": "b\\u00e9"}\n',
        "{a: b}\n",
        "null\n",
        "data: |+\n  q\n\n",
    ),
    *("kind: &k Z\nx: *k\n", '"kind": Q\n', "? kind\n: W\n", "<<: {kind: M}\n", 'x: "a\n  b"\n'),
    *(
        "!!map {kind: T}\n",
        "kind: !x U\n",
        "a: !!int 5\n",
        "b: !!float a\n",
        "kind: !!binary WA==\n",
    ),
    *("é: 😀\n", "\u2028\n"),
)


@pytest.mark.tools
@settings(max_examples=500)
@given(parts=st.lists(st.sampled_from(_PIECES), max_size=9))
def test_whatever_a_file_is_made_of(oracle: Oracle, parts: list[str]) -> None:
    text = "".join(parts)
    expected = _expected(oracle, text)

    try:
        printed = stream(manifests("a", text))
    except InvalidSource:
        assert expected is None
    else:
        assert oracle.plugin([printed]) == [(expected, "")]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(JSON * 2, "it holds several objects", id="several"),
        pytest.param(f"{JSON}\n---\n{JSON}", "it holds several objects", id="several-documents"),
        pytest.param(POD, "it cannot be read: Expecting value", id="yaml"),
        pytest.param("{", "it cannot be read: Expecting property name", id="broken"),
        pytest.param("", "it cannot be read: Expecting value", id="empty"),
        pytest.param("[1]", "it cannot be read: it is no mapping", id="list"),
        pytest.param('{"a": 1}', "it has no kind; leave the file out", id="no-kind"),
        pytest.param('{"kind": "X", "a": NaN}', "NaN is not JSON", id="nan"),
        pytest.param('{"kind": "X", "a": 1e999}', "not JSON compliant", id="too-large"),
    ],
)
def test_a_json_file_that_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidSource, match=complaint):
        manifests("a/b.json", text)


@pytest.mark.tools
@pytest.mark.parametrize("text", [JSON, f"\n{JSON}\n", JSON.replace(" ", "\t"), f"{JSON} ]"])
def test_a_json_file(oracle: Oracle, text: str) -> None:
    ((expected, _),) = oracle.directory([JSON])

    assert oracle.plugin([stream(manifests("a/b.json", text))]) == [(expected, "")]
