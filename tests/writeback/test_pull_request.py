"""What an owner writes to have pull requests, as values or refused."""

import pytest

from cmp.errors import InvalidPolicy
from cmp.writeback.git_branch import Branches
from cmp.writeback.git_update import Change, Update
from cmp.writeback.pull_request import PullRequest, asked_from

UPDATE = Update("guestbook", "argocd", (Change("team/app", "app", "v1", "v4"),))


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        pytest.param({}, None, id="none"),
        pytest.param({"pull-request": " "}, None, id="blank"),
        pytest.param({"pull-request": "github"}, PullRequest("github"), id="github"),
        pytest.param(
            {"pull-request": "gitlab", "pull-request-labels": " images, a b,,images"},
            PullRequest("gitlab", ("images", "a b")),
            id="labels",
        ),
    ],
)
def test_the_keys(keys: dict[str, str], wanted: PullRequest | None) -> None:
    assert PullRequest.parse(keys) == wanted


def test_a_forge_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        PullRequest.parse({"pull-request": "gitlap"})

    assert str(caught.value) == (
        "pull-request: no forge 'gitlap'; use one of: github, gitlab; did you mean 'gitlab'?"
    )


@pytest.mark.parametrize(
    ("written", "branch"),
    [
        pytest.param("main", "image-cmp/argocd/guestbook", id="own"),
        pytest.param("", "image-cmp/argocd/guestbook", id="of-the-head"),
        pytest.param("main:images", "images", id="named"),
        pytest.param("main:u-{{.AppName}}", "u-guestbook", id="template"),
    ],
)
def test_the_branch_that_is_asked_from(written: str, branch: str) -> None:
    assert asked_from(Branches.parse(written, "HEAD"), UPDATE) == branch


def test_a_branch_is_not_asked_into_itself() -> None:
    with pytest.raises(InvalidPolicy, match="git-branch: a pull request from 'main' into itself"):
        asked_from(Branches.parse("main:main", ""), UPDATE)
