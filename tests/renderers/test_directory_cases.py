"""Plain directories: Argo CD's own cases (tests/cases), and what else its files may be."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.errors import InvalidSource
from cmp.renderers.directory import render
from cmp.renderers.directory_files import MOST_BYTES
from cmp.renderers.directory_options import TABLE
from tests.support.cli import PROJECT
from tests.support.jobs import job

_CASES = {
    case["id"]: case
    for case in json.loads((PROJECT / "tests" / "cases" / "argocd-helm.json").read_text())["cases"]
    if case["category"] == "directory"
}


def manifest(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"


def write(root: Path, **files: str | bytes) -> None:
    """Write files into the source's directory."""
    for name, content in files.items():
        file = root / "app" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def names(root: Path, **options: str) -> list[str]:
    """Return the names of what is rendered, in its order."""
    parameters = {f"directory.{name}": value for name, value in options.items()}
    output = render(job(root, path="app", parameters=parameters))
    return [document["metadata"]["name"] for document in yaml.safe_load_all(output) if document]


def _outside(root: Path) -> None:
    (root.parent / "outside.yaml").write_text(manifest("outside"))
    (root / "app" / "link.yaml").symlink_to("../../outside.yaml")


_FILES: dict[str, Callable[[Path], None]] = {
    "non .yaml/.yml/.json/.jsonnet file": lambda root: write(root, **{"a.txt": manifest("a")}),
    "broken YAML containing apiVersion:, kind:, metadata:": lambda root: write(
        root, **{"a.yaml": "apiVersion: v1\nkind: X\nmetadata: [\n"}
    ),
    "file with one valid and one broken doc": lambda root: write(
        root, **{"a.yaml": f"{manifest('a')}---\n[\n"}
    ),
    "two JSON objects in a .json file": lambda root: write(
        root, **{"a.json": '{"kind": "X"}{"kind": "X"}'}
    ),
    "YAML with an empty document": lambda root: write(
        root, **{"a.yaml": f"{manifest('a')}---\n---\n{manifest('b')}"}
    ),
    "dangling symlink": lambda root: (root / "app" / "a.yaml").symlink_to("nowhere.yaml"),
    "symlink out of repo": _outside,
    "UTF-16 YAML": lambda root: write(root, **{"a.yaml": manifest("a").encode("utf-16")}),
}
_RESULTS: dict[str, list[str]] = {
    "skipped": [],
    "ignored": [],
    "empty doc dropped": ["a", "b"],
    "decoded": ["a"],
}


@pytest.mark.parametrize(
    "case", [c for c in _CASES.values() if "files" in c["given"]], ids=lambda c: str(c["id"])
)
def test_which_files_are_read(tmp_path: Path, case: dict[str, Any]) -> None:
    given = case["given"]
    for entry in given["files"]:
        (file, name) = re.findall(r"^(.*)\((.*)\)$", entry)[0]
        write(tmp_path, **{file: manifest(name)})

    found = names(
        tmp_path,
        recurse=str(given["recurse"]).lower(),
        include=given["include"],
        exclude=given["exclude"],
    )

    assert found == case["expect"]["names"]


@pytest.mark.parametrize(
    "case", [c for c in _CASES.values() if "file" in c["given"]], ids=lambda c: str(c["id"])
)
def test_what_a_file_may_be(tmp_path: Path, case: dict[str, Any]) -> None:
    (tmp_path / "repository" / "app").mkdir(parents=True)
    _FILES[case["given"]["file"]](tmp_path / "repository")

    if case["expect"]["result"].startswith("error"):
        with pytest.raises(InvalidSource):
            names(tmp_path / "repository")
    else:
        assert names(tmp_path / "repository") == _RESULTS[case["expect"]["result"]]


def test_the_order_is_that_of_a_walk_by_bytes(tmp_path: Path) -> None:
    paths = ("a-b.yaml", "a/z.yaml", "a.yaml", "B.yaml", ".hidden.yml", ".dir/x.json", "é.yaml")
    for path in paths:
        content = json.dumps(yaml.safe_load(manifest(f"'{path}'")))
        write(tmp_path, **{path: content})

    assert names(tmp_path, recurse="true") == [
        *(".dir/x.json", ".hidden.yml", "B.yaml", "a/z.yaml", "a-b.yaml", "a.yaml", "é.yaml")
    ]
    assert names(tmp_path) == [".hidden.yml", "B.yaml", "a-b.yaml", "a.yaml", "é.yaml"]


def test_links_lead_to_files_of_the_repository_only(tmp_path: Path) -> None:
    write(tmp_path, **{"../base/a.yaml": manifest("a"), "folder.yaml/b.yaml": manifest("b")})
    (tmp_path / "app" / "link.yaml").symlink_to("../base/a.yaml")
    (tmp_path / "app" / "linked").symlink_to("../base")
    (tmp_path / "app" / "linked.yaml").symlink_to("../base")

    assert names(tmp_path, recurse="true") == ["b", "a"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        pytest.param({}, ["a"], id="extensions"),
        pytest.param({"include": "*.sealed"}, [], id="only-of-what-has-one"),
        pytest.param({"include": "*.sealed", "disableExtensionFilter": "true"}, ["b"], id="any"),
        pytest.param({"include": "{a,b}.*", "exclude": "[a]*"}, [], id="exclude-wins"),
        pytest.param({"include": "[", "exclude": ""}, [], id="malformed-include-matches-nothing"),
        pytest.param({"exclude": "["}, ["a"], id="malformed-exclude-matches-nothing"),
    ],
)
def test_filters(tmp_path: Path, options: dict[str, str], found: list[str]) -> None:
    write(tmp_path, **{"a.yaml": manifest("a"), "b.yaml.sealed": manifest("b")})

    assert names(tmp_path, **options) == found


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xef\xbb\xbf" + manifest("ä").encode(), id="utf-8-with-mark"),
        pytest.param(b"\xff\xfe" + manifest("ä").encode("utf-16-le"), id="utf-16-little"),
        pytest.param(b"\xfe\xff" + manifest("ä").encode("utf-16-be"), id="utf-16-big"),
        pytest.param(manifest("ä").encode(), id="utf-8"),
    ],
)
def test_encodings(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, **{"a.yaml": content, "b.yaml": content})

    assert names(tmp_path) == ["ä", "ä"]


def test_what_is_no_text_becomes_a_replacement_for_each_byte(tmp_path: Path) -> None:
    write(tmp_path, **{"a.yaml": manifest("a\xff\xe2\x82z").encode("latin-1")})

    assert names(tmp_path) == ["a\ufffd\ufffd\ufffdz"]


def test_a_file_that_says_so_is_left_out(tmp_path: Path) -> None:
    mark = "# +argocd:skip-file-rendering\n"
    write(tmp_path, **{"a.yaml": mark + manifest("a"), "b.jsonnet": mark, "c.yaml": manifest("c")})

    assert names(tmp_path) == ["c"]


@pytest.mark.parametrize("options", [{}, {"include": "*.jsonnet"}])
def test_jsonnet_is_refused(tmp_path: Path, options: dict[str, str]) -> None:
    write(tmp_path, **{"a.jsonnet": "{}", "b.libsonnet": "{}"})

    with pytest.raises(InvalidSource, match=r"^a\.jsonnet: jsonnet is evaluated by Argo CD only; "):
        names(tmp_path, **options)
    assert names(tmp_path, exclude="*.jsonnet") == []


def test_more_than_argo_cd_takes_is_refused(tmp_path: Path) -> None:
    filler = "#" * (MOST_BYTES - len(manifest("a")))
    write(tmp_path, **{"a.yaml": manifest("a") + filler})

    assert names(tmp_path) == ["a"]

    write(tmp_path, **{"b.yaml": "#"})
    with pytest.raises(
        InvalidSource, match=r"its files up to b\.yaml are more than 10000000 bytes"
    ):
        names(tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path, **{"sub/a.yaml": f"{manifest('a')}---\nb: [\n"})

    with pytest.raises(InvalidSource, match=r"^sub/a\.yaml: manifest 2 in it cannot be read: "):
        names(tmp_path, recurse="true")


def test_a_file_for_argo_cd_itself_is_no_manifest(tmp_path: Path) -> None:
    write(tmp_path, **{".argocd-source.yaml": "plugin: {}\n", "a.yaml": manifest("a")})

    assert names(tmp_path) == ["a"]


def test_the_output_is_the_text_of_the_files(tmp_path: Path) -> None:
    text = "# why\nkind:   X # so\na: 'b'\n"
    write(tmp_path, **{"a.yaml": text, "b.json": '{"kind":"X","b":1}'})

    output = render(job(tmp_path, path="app"))

    assert output.decode() == f'---\n{text}---\n{{"kind": "X", "b": 1}}\n'


# --- the table of options


def test_plugin_yaml_announces_the_table() -> None:
    plugin = yaml.safe_load((PROJECT / "plugin.yaml").read_text())
    announced = plugin["spec"]["parameters"]["static"]

    assert [a for a in announced if a["name"].startswith("directory.")] == [
        {"name": o.name, "collectionType": o.collection, "tooltip": o.meaning} for o in TABLE
    ]


@pytest.mark.parametrize("option", [o.name for o in TABLE if "`true`" in o.meaning])
def test_a_boolean_is_true_or_false(tmp_path: Path, option: str) -> None:
    with pytest.raises(InvalidSource, match="'yes' is neither true nor false"):
        render(job(tmp_path, parameters={option: "yes"}))


def test_a_folder_that_cannot_be_read(tmp_path: Path) -> None:
    asked = job(tmp_path, path="app")
    os.rmdir(asked.directory)

    with pytest.raises(InvalidSource, match="cannot be read: No such file"):
        render(asked)
