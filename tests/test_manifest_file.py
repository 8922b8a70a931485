"""Applications in files, as people keep them."""

from pathlib import Path

import pytest

from cmp.errors import InvalidApplication
from cmp.manifest_file import read_application, read_applications

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {name}
  annotations:
    argocd-image-updater.argoproj.io/image-list: registry.test/app
spec:
  source: {{repoURL: https://git.test/x.git, path: helm}}
"""
SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: x}\n"
TEMPLATE = "{{- if .Values.service }}\napiVersion: v1\nkind: Service\n{{- end }}\n"
LIST = """\
apiVersion: v1
kind: List
items:
- {one}
- {other}
"""
FLOW = (
    "{{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {{name: {name}}}, "
    "spec: {{source: {{repoURL: https://git.test/x.git, path: helm}}}}}}"
)


def application(name: str) -> str:
    return APPLICATION.format(name=name)


def names(path: Path) -> list[str]:
    return [found.name for found in read_applications(str(path))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(application("a"), ["a"], id="one"),
        pytest.param(f"---\n{application('b')}---\n{application('a')}", ["b", "a"], id="documents"),
        pytest.param(f"{SERVICE}---\n{application('a')}", ["a"], id="other-kinds"),
        pytest.param(f"---\n---\n{application('a')}---\n", ["a"], id="empty-documents"),
        pytest.param(
            LIST.format(one=FLOW.format(name="a"), other=FLOW.format(name="b")),
            ["a", "b"],
            id="list",
        ),
        pytest.param(
            LIST.format(one="{kind: Service}", other=FLOW.format(name="b")), ["b"], id="list-other"
        ),
        pytest.param(f"items: [null, 1, {FLOW.format(name='a')}]", ["a"], id="list-of-anything"),
        pytest.param(
            '{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": '
            '{"name": "j"}, "spec": {"source": {"repoURL": "x"}}}',
            ["j"],
            id="json",
        ),
        pytest.param(application("a").replace("v1alpha1", "v1"), ["a"], id="later-version"),
        pytest.param(
            application("a").replace("argoproj.io/v1alpha1", "app.k8s.io/v1"), [], id="other-group"
        ),
        pytest.param(application("a").replace("kind: Application", "kind: X"), [], id="other-kind"),
        pytest.param("", [], id="empty"),
        pytest.param("just text", [], id="text"),
        pytest.param("\ufeff" + application("a"), ["a"], id="byte-order-mark"),
    ],
)
def test_reads_a_file(tmp_path: Path, text: str, expected: list[str]) -> None:
    file = tmp_path / "applications"
    file.write_text(text, encoding="utf-8")

    assert names(file) == expected


def test_reads_a_folder_with_everything_below_it(tmp_path: Path) -> None:
    files = {
        "b.yaml": application("second"),
        "a/z.yml": application("third"),
        "a.json": '{"apiVersion": "argoproj.io/v1", "kind": "Application", "metadata": '
        '{"name": "first"}, "spec": {"source": {}}}',
        "chart/templates/service.yaml": TEMPLATE,
        "chart/values.yaml": "image: {name: x}\n",
        "broken.yaml": "a: [",
        "README.md": application("no-yaml"),
        ".git/x.yaml": application("hidden"),
        "empty/.gitkeep": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text(text)

    assert names(tmp_path) == ["first", "second", "third"]


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param(
            f"{SERVICE}---\n" + application("a").replace("registry.test/app", "1.5"),
            ", document 2: metadata.annotations: argocd-image-updater.argoproj.io/image-list is "
            "1.5, which YAML does not read as text; put it in quotes",
            id="annotation-number",
        ),
        pytest.param(
            application("a").replace("registry.test/app", ""),
            ", document 1: metadata.annotations: argocd-image-updater.argoproj.io/image-list is "
            "None, which YAML does not read as text; put it in quotes",
            id="annotation-null",
        ),
        pytest.param(
            application("1.5"),
            ", document 1: metadata.name: 1.5 is no text; put it in quotes",
            id="name-number",
        ),
        pytest.param(
            application(""),
            ", document 1: metadata.name: the Application has no name",
            id="name-missing",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1\nkind: Application\nmetadata: {name: a}\nspec: {}\n",
            ", document 1: spec.source: write source or a list of sources",
            id="source-missing",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1\nkind: Application\nmetadata: [a]\n",
            ", document 1: metadata: not a mapping",
            id="metadata-list",
        ),
    ],
)
@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
def test_a_bad_application_is_named(
    tmp_path: Path, text: str, complaint: str, *, folder: bool
) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)

    with pytest.raises(InvalidApplication) as caught:
        read_applications(str(tmp_path if folder else file))

    assert str(caught.value) == f"{file}{complaint}"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"a: [", "not YAML: while parsing a flow", id="brackets"),
        pytest.param(b"\tx: 1", "not YAML: while scanning", id="tab"),
        pytest.param(b"a: \xff\xfe", "not YAML: ", id="utf-8"),
        pytest.param(b"a: 2026-02-30", "not YAML: day is out of range", id="no-such-day"),
        pytest.param(TEMPLATE.encode(), "not YAML: while parsing a flow", id="template"),
        pytest.param(b"{a: b}: c", "not YAML: while constructing a mapping", id="key"),
        pytest.param(b"!!python/name:os.system x", "not YAML: could not determine", id="object"),
    ],
)
def test_bad_yaml_names_the_file(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"# argoproj.io/\n" + content)

    for path in (file, tmp_path):
        with pytest.raises(InvalidApplication) as caught:
            read_applications(str(path))
        assert str(caught.value).startswith(f"{file}: {complaint}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidApplication, match="nowhere: cannot be read: No such file"):
        read_applications(str(tmp_path / "nowhere"))


def test_a_link_that_leads_nowhere_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("nowhere")

    with pytest.raises(InvalidApplication, match=r"a\.yaml: cannot be read: No such file"):
        read_applications(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "count"), [(SERVICE, 0), (f"{application('a')}---\n{application('b')}", 2)]
)
def test_the_only_application_of_a_file(tmp_path: Path, text: str, count: int) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(application("a"))
    assert read_application(str(file)).name == "a"

    file.write_text(text)
    with pytest.raises(InvalidApplication) as caught:
        read_application(str(file))
    assert str(caught.value) == f"{file}: holds {count} Applications, and one is wanted"


def test_the_templates_of_a_chart_are_not_read(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("name: x\n")
    (chart / "templates" / "app.yaml").write_text("apiVersion: argoproj.io/v1alpha1\n{{ if x }}\n")

    assert read_applications(str(tmp_path)) == ()
