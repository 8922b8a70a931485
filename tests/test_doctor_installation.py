"""``doctor`` without a cluster: a checkout or a store alone, and what is no use."""

import json
from pathlib import Path

import pytest

from cmp.index import Manifest, open_index
from tests.index.examples import NOW
from tests.support.cli import cmp


def test_looks_at_a_checkout_alone(tmp_path: Path) -> None:
    for name, text in (
        (".argocd-source.yaml", "kustomize: {}\n"),
        ("helm/.argocd-source-shop.yaml", "plugin:\n  parameters: []\n"),
        ("helm/.argocd-source-torn.yaml", "helm: [\n"),
        (".git/.argocd-source.yaml", "helm: {}\n"),
        ("helm/argocd-source.yaml", "helm: {}\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    done = cmp("doctor", "--checkout", ".", "-o", "json", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    findings = json.loads(done.stdout)["findings"]
    assert [f["what"].split(":")[0] for f in findings if f["check"] == "checkout"] == [
        ".argocd-source.yaml has kustomize",
        "helm/.argocd-source-shop.yaml has parameters of a plugin alone, which it is given",
        "helm/.argocd-source-torn.yaml has what is no YAML",
    ]
    others = {f["what"] for f in findings if f["check"] not in ("checkout", "index", "mirrors")}
    assert others == {"no cluster was named: --kubeconfig FILE"}


def test_looks_at_a_store_alone(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/index"
    open_index(url).put_manifest(Manifest("e", 7, NOW, complete=False))

    done = cmp("doctor", "--store", url, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (2, "")
    assert (
        "wrong      index               the index is not complete yet: generation 7" in done.stdout
    )
    assert "mirrors: a directory has no mirrors" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        pytest.param((), 2, "or look at a checkout alone with --checkout DIR", id="nothing"),
        pytest.param(("--checkout", "none"), 2, "none: not a folder", id="no-folder"),
        pytest.param(("--store", "ftp://x"), 2, "not the URL of an index", id="no-store"),
        pytest.param(("--kubeconfig", "none"), 2, "no cluster to watch", id="no-kubeconfig"),
        pytest.param(("nginx", "--checkout", "."), 2, "--checkout is for an", id="image-and-not"),
    ],
)
def test_says_what_it_needs(
    tmp_path: Path, arguments: tuple[str, ...], status: int, said: str
) -> None:
    done = cmp("doctor", *arguments, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


def test_a_store_that_does_not_answer_is_none(tmp_path: Path) -> None:
    done = cmp("doctor", "--store", "redis://127.0.0.1:1/0", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert "index, mirrors: redis://127.0.0.1:1/0: " in done.stdout
