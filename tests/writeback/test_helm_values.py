"""Images in a values file: which scalar changes, what is added where, and what is refused."""

import subprocess
from pathlib import Path

import pytest

from cmp.core.injection import Choice
from cmp.errors import InvalidInput
from tests.support.charts import Chart
from tests.support.targets import IMAGE, choice, written
from tests.support.values import DIGEST


def set_in(text: str, *choices: Choice) -> str:
    return written(text, choices, target="helmvalues")


def spec(path: str, tag: str = "v2") -> Choice:
    """Return a choice whose image stands in one value: a path's, as `app:<tag>`."""
    return choice(image="app", tag=tag, helm_image_spec=path)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        pytest.param("a.b", "a:\n  b: app:v1 # why\n", "a:\n  b: app:v2 # why\n", id="nested"),
        pytest.param("a.b", "a.b:  app:v1\n", "a.b:  app:v2\n", id="literal"),
        pytest.param("a.b", "'a.b': x\n", "'a.b': app:v2\n", id="literal-in-quotes"),
        pytest.param("a.b", "a.b: x\na: {b: x}\n", 'a.b: x\na: {b: "app:v2"}\n', id="nested-wins"),
        pytest.param("a[1].b", "a:\n- b: x\n- b: 'x'\n", "a:\n- b: x\n- b: 'app:v2'\n", id="item"),
        pytest.param("a[0][0]", "a: [[x, y]]\n", 'a: [["app:v2", y]]\n', id="item-of-item"),
        pytest.param("a", "a: >-\n  app:v1\n\nb: 1\n", "a: app:v2\n\nb: 1\n", id="block"),
        pytest.param("a", "a: &x app:v1\n", "a: &x app:v2\n", id="anchor-of-nothing"),
        pytest.param("a", "x: &x app:v1\na: *x\n", "x: &x app:v1\na: app:v2\n", id="alias"),
        pytest.param("a", "a: !!str 1\n", "a: !!str app:v2\n", id="tag"),
        pytest.param("a", "a: # none\n", "a: app:v2 # none\n", id="nothing"),
        pytest.param("a", "a: 1\na: 2\n", "a: 1\na: app:v2\n", id="the-last-counts"),
        pytest.param(
            "a", "\ufeffa: é😀\r\n# c\r\n", "\ufeffa: app:v2\r\n# c\r\n", id="mark-and-crlf"
        ),
        pytest.param("a", "a: x\n---\na: x\n", "a: app:v2\n---\na: x\n", id="first-document"),
        pytest.param("a", '{\n "a": "x"\n}', '{\n "a": "app:v2"\n}', id="json"),
        pytest.param("a", '"a": "\\x61pp:v2" # same\n', '"a": "\\x61pp:v2" # same\n', id="same"),
    ],
)
def test_one_scalar_changes(path: str, before: str, after: str) -> None:
    assert set_in(before, spec(path)) == after


@pytest.mark.parametrize(
    ("tag", "is_quoted"),
    [
        *(
            (tag, True)
            for tag in ("1.10", "1e3", "on", "y", "NULL", "0x1f", "0777", "1_0", "2026-01-31")
        ),
        *((tag, False) for tag in ("1.2.3", "v1", "1.10-a", "latest", "2026-01", "1.10.", "e3")),
    ],
)
@pytest.mark.parametrize("before", ["v0", "1.9", "'1.9'"])
def test_a_tag_is_text_to_every_parser(before: str, tag: str, is_quoted: bool) -> None:  # noqa: FBT001 - a column of the table
    found = set_in(f"image:\n  name: {IMAGE}\n  tag: {before}\n", choice(tag=tag))

    quote = "'" if before.startswith("'") else '"' if is_quoted else ""
    assert found == f"image:\n  name: {IMAGE}\n  tag: {quote}{tag}{quote}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "a:\n  b: app:v2\n", id="empty"),
        pytest.param("# c", "# c\na:\n  b: app:v2\n", id="comment"),
        pytest.param("---\n...\n", "---\na:\n  b: app:v2\n...\n", id="null"),
        pytest.param("x: 1", "x: 1\na:\n  b: app:v2", id="no-newline"),
        pytest.param("x: 1\r\n", "x: 1\r\na:\r\n  b: app:v2\r\n", id="crlf"),
        pytest.param("a:\nx: 1\n", "a:\n  b: app:v2\nx: 1\n", id="nothing-below"),
        pytest.param(
            "a:\n    c: 1 # c\n    # d\n\nx: 1\n",
            "a:\n    c: 1 # c\n    b: app:v2\n    # d\n\nx: 1\n",
            id="indented",
        ),
        pytest.param(
            "a:\n  c: |\n    x\n\n\nx: 1\n",
            "a:\n  c: |\n    x\n  b: app:v2\n\n\nx: 1\n",
            id="block",
        ),
        pytest.param(
            "a:\n  c: |+\n    x\n\n", "a:\n  c: |+\n    x\n\n  b: app:v2\n", id="block-kept"
        ),
        pytest.param("a: {}\n", 'a: {b: "app:v2"}\n', id="braces-empty"),
        pytest.param("a: {c: 1,}\n", 'a: {c: 1, b: "app:v2",}\n', id="braces"),
        pytest.param("a: {c: 1 # d\n}\n", 'a: {c: 1, b: "app:v2" # d\n}\n', id="braces-comment"),
        pytest.param('{"a": {"c": 1}}', '{"a": {"c": 1, "b": "app:v2"}}', id="json"),
        pytest.param("? a\n: c: 1\n", "? a\n: c: 1\n  b: app:v2\n", id="complex-key"),
    ],
)
def test_what_is_missing_is_added_at_the_end_of_its_mapping(before: str, after: str) -> None:
    assert set_in(before, spec("a.b")) == after


def test_a_new_file() -> None:
    assert written(None, target="helmvalues") == (
        f"# Written by argocd-image-cmp.\nimage:\n  name: {IMAGE}\n  tag: v2\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("team/app", "team/app", id="none"),
        pytest.param("other", "team/app", id="one-part"),
        pytest.param("mirror.test/app", IMAGE, id="another"),
        pytest.param("localhost/app", IMAGE, id="localhost"),
        pytest.param("''", f"'{IMAGE}'", id="empty"),
    ],
)
def test_a_name_without_registry_stays_without(before: str, after: str) -> None:
    assert (
        set_in(f"image:\n  name: {before}\n  tag: v2\n") == f"image:\n  name: {after}\n  tag: v2\n"
    )


def test_a_digest_alone_is_split_as_for_a_parameter() -> None:
    found = set_in("image:\n  name: x\n", choice(digest=DIGEST, _digest="digest-only"))

    algorithm, _, encoded = DIGEST.partition(":")
    assert found == f'image:\n  name: team/app@{algorithm}\n  tag: "{encoded}"\n'


def test_aliases_that_are_all_meant_follow_their_anchor() -> None:
    one, other = spec("a.x"), choice("b", "app", helm_image_spec="b.x")

    assert set_in("a: &a\n  x: app:v1\nb: *a\n", one, other) == "a: &a\n  x: app:v2\nb: *a\n"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("x: &x {b: 1}\na: *x\n", "a is the alias \\*x", id="through-an-alias"),
        pytest.param("a: {b: &x 1}\nc: *x\n", "a.b has the anchor &x", id="anchor-shown-elsewhere"),
        pytest.param("a: &x {b: 1}\nc: *x\n", "what the alias \\*x shows", id="part-of-an-anchor"),
        pytest.param("x: &x {b: 1}\na: {<<: *x}\n", "a.b comes by a merge key", id="merge"),
        pytest.param("a: 1\n", "a: it is a value", id="through-a-value"),
        pytest.param("a: null\n", "a: it is a value", id="through-null"),
        pytest.param("a: [1]\n", "a: it is a list; .* a\\[0\\]", id="through-a-list"),
        pytest.param("a: {b: {c: 1}}\n", "a.b: it is a mapping", id="to-a-mapping"),
        pytest.param("a: {b: !!int 1}\n", "no edit changes only what is meant", id="to-a-number"),
        pytest.param("a: {c}\n", None, id="a-key-alone"),
        pytest.param("- a\n", "it is no mapping", id="a-list-at-the-top"),
        pytest.param("a: [\n", "not YAML", id="not-yaml"),
        pytest.param(
            "l0: &l0 [1]\n" + "".join(f"l{n}: &l{n} [{f'*l{n - 1},' * 9}]\n" for n in range(1, 9)),
            "values once aliases are written out",
            id="bomb",
        ),
        pytest.param("a: *x\n", "unknown anchor", id="no-anchor"),
        pytest.param("{a: " * 20000, "max depth", id="deep"),
    ],
)
def test_what_is_refused(text: str, complaint: str | None) -> None:
    if complaint is None:
        assert set_in(text, spec("a.b")) == 'a: {c, b: "app:v2"}\n'
        return
    with pytest.raises(InvalidInput, match=complaint) as caught:
        set_in(text, spec("a.b"))

    assert str(caught.value).startswith("deploy/values.yaml: ")


def test_two_images_for_one_value() -> None:
    for two in (
        [choice("a"), choice("b", "other")],
        [spec("a.b"), choice("b", helm_image_spec="a")],
    ):
        with pytest.raises(InvalidInput, match=r"give (each its own|it another)"):
            set_in("", *two)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InvalidInput, match="not UTF-8"):
        written(b"\xff\xfea\0", target="helmvalues")


@pytest.mark.tools
def test_helm_reads_what_was_written(helm: Path, tmp_path: Path) -> None:
    chart = Chart.create(tmp_path / "chart")
    before = (
        "image: &x # é\n  name: team/app\n  tag: 1.9\nlist: [{tag: 'on'}, &y {tag: z}]\nsame: *y\n"
    )
    chart.write("values.yaml", before)
    files = [
        before,
        set_in(
            before,
            choice(tag="1.10"),
            choice("b", "b", tag="1e3", helm_image_tag="list[0].tag", helm_image_name="b.c"),
        ),
    ]

    values = []
    for text in files:
        chart.write("values.yaml", text)
        values.append(Chart.values(subprocess.check_output([helm, "template", chart.folder])))

    old, new = values
    assert new == old | {
        "image": {"name": "team/app", "tag": "1.10"},
        "list": [{"tag": "1e3"}, {"tag": "z"}],
        "b": {"c": "b"},
    }
