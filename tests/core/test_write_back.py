import pytest

from cmp.core.image_list import read_image_list
from cmp.core.write_back import method
from cmp.errors import InvalidPolicy


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("", "live"),
        (" ", "live"),
        ("live", "live"),
        (" argocd ", "argocd"),
        ("git", "git"),
        ("git:repocreds", "git"),
        ("git:secret:argocd/git-creds", "git"),
        ("git:secret:git-creds", "git"),
    ],
)
def test_method(written: str, found: str) -> None:
    assert method({"write-back-method": written}) == found


def test_without_the_key_nothing_is_written() -> None:
    assert method({}) == "live"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        pytest.param(
            "argo-cd",
            "no method 'argo-cd'; use one of: live, argocd, git; did you mean 'argocd'?",
            id="unknown",
        ),
        pytest.param(
            "argocd:x",
            "no method 'argocd:x'; use one of: live, argocd, git; did you mean 'argocd'?",
            id="nothing-follows-it",
        ),
        pytest.param(
            "git:token",
            "no credentials 'token'; write git, git:repocreds or git:secret:<namespace>/<name>",
            id="credentials",
        ),
    ],
)
def test_another_method_is_refused(written: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        read_image_list({"image-list": "web=nginx", "write-back-method": written})

    assert str(caught.value) == f"write-back-method: {complaint}"
