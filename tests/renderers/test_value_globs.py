"""Globs of value files: doublestar's rules, as Argo CD uses them."""

from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.renderers.helm import arguments
from cmp.renderers.value_globs import _expression, expand
from tests.support.jobs import job

_FILES = ("a.yaml", "b.yaml", ".hidden.yaml", "a-b/x.yaml", "a/x.yaml", "a/b/y.yaml", "[z].yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in _FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        pytest.param("*.yaml", [".hidden.yaml", "[z].yaml", "a.yaml", "b.yaml"], id="hidden-too"),
        pytest.param("?.yaml", ["a.yaml", "b.yaml"], id="one"),
        pytest.param("[!a].yaml", ["b.yaml"], id="class-not"),
        pytest.param("[^a].yaml", ["b.yaml"], id="class-not-caret"),
        pytest.param("[b-a]*.yaml", ["b.yaml"], id="range-backwards"),
        pytest.param(r"\[z\]*", ["[z].yaml"], id="escaped"),
        pytest.param(r"[\[].*", [], id="escaped-in-class"),
        pytest.param("*/x.yaml", ["a/x.yaml", "a-b/x.yaml"], id="folder"),
        pytest.param("a/*", ["a/b", "a/x.yaml"], id="folders-too"),
        pytest.param("a/**", ["a", "a/b", "a/b/y.yaml", "a/x.yaml"], id="all-below"),
        pytest.param("a/**/*.yaml", ["a/x.yaml", "a/b/y.yaml"], id="any-depth"),
        pytest.param("**/b/*", ["a/b/y.yaml"], id="any-folder"),
        pytest.param("a**.yaml", ["a.yaml"], id="two-stars-within-a-name"),
        pytest.param("a.yaml/*", [], id="no-folder"),
        pytest.param("none/**/*", [], id="nothing"),
        pytest.param("{b,a}.y*", ["a.yaml", "b.yaml"], id="braces"),
        pytest.param("{a,a{,-b}}/x*", ["a/x.yaml", "a-b/x.yaml"], id="braces-in-braces"),
        pytest.param("**/{y,x}.yaml", ["a-b/x.yaml", "a/b/y.yaml", "a/x.yaml"], id="braces-below"),
    ],
)
def test_what_a_pattern_finds(root: Path, pattern: str, found: list[str]) -> None:
    assert [str(Path(path).relative_to(root)) for path in expand(str(root), pattern)] == found


def test_links_within_the_repository_are_followed_once(root: Path) -> None:
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "over").symlink_to(root / "a-b")

    found = [str(Path(path).relative_to(root)) for path in expand(str(root), "a/**/x.yaml")]

    assert found == ["a/x.yaml", "a/over/x.yaml", "a/up/a-b/x.yaml"]


def test_a_link_that_is_named_is_the_file_it_leads_to(root: Path) -> None:
    """So it is given once; what a glob matches is not followed. Both as Argo CD has them."""
    (root / "c.yaml").symlink_to("a.yaml")
    files = ("a.yaml", "c.yaml", "c*.yaml")

    argv = arguments(job(root, path=".", parameters={"helm.valueFiles": files}))

    assert argv[4:8] == ["--values", f"{root}/a.yaml", "--values", f"{root}/c.yaml"]
    assert argv[8:] == ["--include-crds"]


@pytest.mark.parametrize("pattern", ["*a" * 60 + "b", "**" * 60 + "b", "?*" * 60 + "[b]"])
def test_no_pattern_is_slow(pattern: str) -> None:
    assert _expression(pattern).match("a" * 255) is None


@given(st.text(alphabet="ab*?.", max_size=8), st.text(alphabet="ab.", max_size=8))
def test_names_match_as_in_a_shell(pattern: str, name: str) -> None:
    assert bool(_expression(pattern).match(name)) is fnmatchcase(name, pattern)


@given(st.text(alphabet="a-b]^![\\*{,}", max_size=8))
def test_any_text_is_a_pattern_or_an_error(pattern: str) -> None:
    with suppress(ValueError):
        _expression(pattern)
