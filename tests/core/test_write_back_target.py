"""Which file takes the images."""

import pytest

from cmp.core.write_back_target import WriteBackTarget
from cmp.errors import InvalidPolicy


def parse(text: str, source: str = "helm", path: str = "a/b") -> WriteBackTarget:
    return WriteBackTarget.parse(text, source=source, path=path, instance="team_app")


@pytest.mark.parametrize(
    ("text", "source", "kind", "file"),
    [
        pytest.param(
            "", "helm", "argocd-source-helm", "a/b/.argocd-source-team_app.yaml", id="helm"
        ),
        pytest.param(
            " ",
            "kustomize",
            "argocd-source-kustomize",
            "a/b/.argocd-source-team_app.yaml",
            id="kustomize",
        ),
        pytest.param("", "plugin", "image-lock", "a/b/.image-lock-team_app.yaml", id="plugin"),
        pytest.param(
            "kustomization",
            "plugin",
            "image-lock",
            "a/b/.image-lock-team_app.yaml",
            id="plugin-that-was-native",
        ),
        pytest.param("helmvalues", "helm", "helmvalues", "a/b/values.yaml", id="values"),
        pytest.param("helmvalues:x/v.yaml", "helm", "helmvalues", "a/b/x/v.yaml", id="relative"),
        pytest.param("helmvalues:/x//./v.yaml", "helm", "helmvalues", "x/v.yaml", id="root"),
        pytest.param("helmvalues:../../v.yaml", "directory", "helmvalues", "v.yaml", id="above"),
        pytest.param(
            "kustomization:../x", "helm", "kustomization", "a/x/kustomization.yaml", id="folder"
        ),
        pytest.param(
            "kustomization:/", "kustomize", "kustomization", "kustomization.yaml", id="top"
        ),
        pytest.param(
            "envs/v.yaml", "helm", "helmvalues", "envs/v.yaml", id="bare-is-from-the-root"
        ),
        pytest.param(
            "x/.argocd-source-z.yaml",
            "kustomize",
            "argocd-source-kustomize",
            "x/.argocd-source-z.yaml",
            id="bare-argocd-source",
        ),
    ],
)
def test_each_form(text: str, source: str, kind: str, file: str) -> None:
    target = parse(text, source)

    assert (target.kind, target.files[0]) == (kind, file)


def test_a_kustomization_has_three_names() -> None:
    assert parse("kustomization").files == (
        "a/b/kustomization.yaml",
        "a/b/kustomization.yml",
        "a/b/Kustomization",
    )


@pytest.mark.parametrize(
    ("text", "source", "complaint"),
    [
        pytest.param("helmvalues:../../../v.yaml", "helm", "leads out of the repository", id="out"),
        pytest.param(
            "helmvalues:/../v.yaml", "helm", "leads out of the repository", id="above-root"
        ),
        pytest.param("kustomization:/..", "helm", "leads out of the repository", id="folder-out"),
        pytest.param("../v.yaml", "helm", "leads out of the repository", id="bare-out"),
        pytest.param("helmvalues:/.Git/config", "helm", "is Git's own", id="git"),
        pytest.param("helmvalues:a\nb", "helm", "cannot be seen", id="newline"),
        pytest.param("helmvalues:", "helm", "names no file", id="no-file"),
        pytest.param("helmvalues:x/", "helm", "names no file", id="a-folder"),
        pytest.param("helmvalue:x", "helm", "did you mean 'helmvalues'", id="typo"),
        pytest.param(
            "x/kustomization.yml", "helm", "write kustomization:/x", id="bare-kustomization"
        ),
        pytest.param("v.yaml", "kustomize", "no images of a kustomization", id="bare-kustomize"),
        pytest.param("", "directory", "for Helm and Kustomize only", id="directory"),
    ],
)
def test_what_is_refused(text: str, source: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy, match=complaint) as caught:
        parse(text, source)

    assert str(caught.value).startswith("write-back-target: ")
