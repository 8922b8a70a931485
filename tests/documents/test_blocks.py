"""README.md and docs/: a test looks after each block, and each link leads somewhere."""

import re
from pathlib import Path

import pytest

from docs.tables import TABLES
from docs.written import DOCUMENTS, PROJECT, name_of, rewritten, tables_in
from tests.documents import commands, fragments
from tests.documents.blocks import Block, blocks, session
from tests.documents.kubectl import Wrong

# Blocks that a test of their own runs, by document and language.
_ELSEWHERE = {
    ("policy.md", "yaml"): "tests/test_docs.py",
    ("policy.md", "text"): "tests/test_docs.py",
    ("policy.md", "console"): "tests/test_docs.py",
    ("parameters.md", "json"): "tests/test_announce.py",
    ("registries.md", "console"): "tests/test_doctor.py",
    ("kustomize/README.md", "yaml"): "tests/test_manifests.py",
    ("tutorial.md", "console"): "tests/documents/test_tutorial.py",
}
_DIAGRAMS = {("README.md", "")}


def _mine() -> list[Block]:
    kept = {*_ELSEWHERE, *_DIAGRAMS}
    return [block for block in blocks() if (block.document, block.language) not in kept]


@pytest.mark.tools
@pytest.mark.parametrize("block", _mine(), ids=str)
def test_a_block_could_be_used_as_it_stands(block: Block, tmp_path: Path, kustomize: Path) -> None:
    if block.language == "sh":
        commands.check(block.text)
    elif block.language == "yaml":
        fragments.check(block.text, tmp_path)
    else:
        pytest.fail(f"nobody looks after a block of {block.language!r}:\n{block.text}")


@pytest.mark.parametrize("block", [b for b in blocks() if b.language == "console"], ids=str)
def test_a_session_has_commands_that_could_be_run(block: Block) -> None:
    lines = session(block)

    assert lines
    for line, _ in lines:
        commands.check(line)


@pytest.mark.parametrize(
    ("place", "test"),
    _ELSEWHERE.items(),
    ids=lambda one: "-".join(one) if isinstance(one, tuple) else "",
)
def test_who_looks_after_a_block_does(place: tuple[str, str], test: str) -> None:
    document, language = place

    assert [block for block in blocks() if (block.document, block.language) == place]
    assert Path(document).name in (PROJECT / test).read_text()
    assert language in (PROJECT / test).read_text()


# --- commands that nobody could run are found


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        pytest.param("helm template .", "nobody looks after 'helm'", id="program"),
        pytest.param("python -I -m cmp refresh --twice", "not what refresh takes", id="flag"),
        pytest.param("python -m cmp refresh", "not one of our commands", id="without-I"),
        pytest.param("python -I -m cmp refrsh", "not one of our commands", id="command"),
        pytest.param("make everything", "no 'everything'", id="target"),
        pytest.param('curl "$REFRESHER/tuch"', "nothing is served at", id="path"),
        pytest.param("kubectl apply -k kustomize/refreshers", "kustomize/refreshers", id="folder"),
        pytest.param("kubectl apply -f no.yaml", "there is no no.yaml", id="file"),
        pytest.param("kubectl logs deploy/image-cmp-refreshr", "nothing in a cluster", id="name"),
        pytest.param("kubectl logs deploy/image-cmp-refresher -x", "has no -x", id="kubectl-flag"),
        pytest.param("kubectl get deplyment/image-cmp-refresher", "knows no kind", id="kind"),
        pytest.param(
            "kubectl exec deploy/image-cmp-refresher -- python3 -I -m cmp hold",
            "not what hold takes",
            id="inner",
        ),
        pytest.param(
            "kubectl exec deploy/image-cmp-refresher -- python -I -m cmp hold guestbook",
            "has a python3",
            id="python",
        ),
    ],
)
def test_a_wrong_command_is_found(line: str, complaint: str) -> None:
    with pytest.raises(Wrong, match=re.escape(complaint)):
        commands.check(line)


# --- tables and links


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_the_tables_are_those_of_the_code(document: Path) -> None:
    text = document.read_text()

    assert rewritten(text) == text, "run: make docs"


def test_each_table_stands_in_one_document() -> None:
    found = [name for document in DOCUMENTS for name in tables_in(document.read_text())]

    assert sorted(found) == sorted(TABLES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (document.parent / path) if path else document
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file), target


def _anchors(file: Path) -> set[str]:
    """Return the anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_readme_lists_every_document_once() -> None:
    readme = (PROJECT / "README.md").read_text().partition("## Documents")[2]
    listed = re.findall(r"\]\((docs/[\w-]+\.md)\)", readme)

    assert sorted(listed) == sorted(f"docs/{d.name}" for d in DOCUMENTS if d.parent.name == "docs")
