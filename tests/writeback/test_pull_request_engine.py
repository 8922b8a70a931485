"""Pull requests, the same on each forge: a real repository, and a server that speaks the API."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_engine import Options
from cmp.writeback.git_outcome import Outcome
from cmp.writeback.git_update import Change
from cmp.writeback.pull_request import PullRequest, RequestState
from cmp.writeback.request_text import Mark
from tests.support.bare import Bare
from tests.support.forge import Item, Requests
from tests.support.forge_github import GithubServer
from tests.support.forge_gitlab import GitlabServer
from tests.support.git import git
from tests.support.git_server import GitServer, Reply
from tests.support.waiting import wait_for
from tests.writeback.site import CHANGE, QUICK, Site, line

TOKEN = "glpat-s3cret"
BRANCH = "image-cmp/argocd/app"
VALUES = "values.yaml"
SERVERS: dict[str, tuple[str, type[GithubServer | GitlabServer]]] = {
    "github": ("team/app", GithubServer),
    "gitlab": ("team/sub/app", GitlabServer),
}


class Hub:
    """A forge with one repository, and an engine that writes there."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self.folder = folder
        path, kind = SERVERS[name]
        files = {VALUES: "# ours\ntag: v1\n", "other.yaml": "tag: v1\n"}
        self.bare = Bare(folder / "served" / f"{path}.git", files)
        self.server = GitServer(folder / "served", {"robot": TOKEN})
        self.requests = Requests(self.bare, path, TOKEN)
        self.api = kind(self.server, self.requests)
        self.lives = 0

    def site(self, *labels: str, credential: Credential | None = None) -> Site:
        """Return an engine, as a process that has just begun."""
        self.lives += 1
        return Site(
            self.folder / str(self.lives),
            f"{self.server.url}/{self.requests.name}.git",
            credential=credential or Credential("robot", TOKEN),
            options=Options(limits=LIMITS),
            pull_request=PullRequest(self.name, labels),
        )

    def calls(self) -> list[str]:
        """Return what was asked since the last time, in words that all forges share."""
        return [self._word(call) for call in self.requests.take_calls()]

    @property
    def only(self) -> Item:
        """The one request there is."""
        (item,) = self.requests.items
        return item

    def _word(self, call: str) -> str:
        api, (method, path, status) = self.api, call.split()
        plain = re.sub(r"/\d+", "/{}", path)
        asked = f"{method} {plain}"
        words = {api.list: "list", api.create: "open", api.change: "change"}
        words |= {api.comment: "comment", api.label: "label"}
        return words[asked] if status[0] == "2" else f"{words[asked]} {status}"


LIMITS = QUICK._replace(window_s=0.05, first_retry_s=0.1, longest_retry_s=0.2)


@pytest.fixture(params=sorted(SERVERS))
def hub(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hub]:
    hub = Hub(tmp_path, request.param)
    with hub.server:
        yield hub


# For what no forge has a part in.
either = pytest.mark.parametrize("hub", ["gitlab"], indirect=True)


@pytest.fixture
def site(hub: Hub) -> Iterator[Site]:
    with hub.site() as site:
        yield site


def submit(
    site: Site,
    tag: str,
    *,
    app: str = "app",
    path: str = VALUES,
    write: str = BRANCH,
    old: str = "v1",
    is_new: bool = True,
) -> None:
    change, why = Change("team/app", "app", old, tag), f"{tag}: newest of 3"
    site.submit(app, line(path, tag), write=write, change=change, explain=why, is_new=is_new)


def written(site: Site, tag: str, **where: Any) -> Outcome:
    submit(site, tag, **where)
    (outcome,) = site.settle()
    return outcome


def test_one_request_is_opened_and_nothing_asked_while_nothing_changes(hub: Hub) -> None:
    with hub.site("images", "bot") as site:
        first = written(site, "v2")
        labels = ["label"] if hub.name == "github" else []
        assert hub.calls() == ["list", "open", *labels, "list"]
        again = written(site, "v2")

    assert hub.calls() == []
    assert site.engine.git.started["push"] == 1
    assert first.commit == hub.bare.tip(BRANCH)
    assert again.commit == ""
    for outcome in (first, again):
        assert (outcome.request_url, outcome.request_state) == (hub.api.web(1), RequestState.OPEN)
    item = hub.only
    assert (item.head, item.base, item.title) == (
        BRANCH,
        "main",
        "Update team/app to v2 in argocd/app",
    )
    assert item.labels == ["images", "bot"]
    assert "| `argocd/app` | `team/app` | `v1` | `v2` |" in item.body
    assert "```text\nv2: newest of 3\n```" in item.body
    assert hub.bare.log() == ["first"]


def test_a_newer_image_updates_it_in_place(hub: Hub, site: Site) -> None:
    written(site, "v2")
    hub.calls()

    written(site, "v3", old="v2")

    assert hub.calls() == ["list", "change"]
    assert "| `v1` | `v3` |" in hub.only.body
    assert "newest" in hub.only.body
    assert "v2" not in hub.only.body
    assert hub.bare.log(branch=BRANCH) == ["build: automatic update of app", "first"]
    assert hub.bare.show(VALUES, BRANCH) == b"# ours\ntag: v3\n"


@either
def test_applications_that_name_the_same_branch_share_it(hub: Hub, site: Site) -> None:
    submit(site, "v2", app="a", write="images")
    submit(site, "v5", app="b", path="other.yaml", write="images")
    site.settle()
    written(site, "v6", app="b", path="other.yaml", write="images")

    assert hub.only.title == "Update the images of 2 Applications"
    assert "| `argocd/a` | `team/app` | `v1` | `v2` |" in hub.only.body
    assert "| `argocd/b` | `team/app` | `v1` | `v6` |" in hub.only.body
    assert "v2: newest" in hub.only.body
    assert hub.bare.show(VALUES, "images") == b"# ours\ntag: v2\n"
    assert hub.bare.show("other.yaml", "images") == b"tag: v6\n"
    assert len(hub.bare.log(branch="images")) == 2


@either
def test_a_base_that_moves_where_we_write_is_followed_elsewhere_not(hub: Hub, site: Site) -> None:
    written(site, "v2")
    hub.bare.commit("README", "theirs\n")
    written(site, "v2")
    assert site.engine.git.started["push"] == 1
    hub.calls()

    hub.bare.commit(VALUES, "# theirs\ntag: v1\n")
    written(site, "v2")

    assert hub.calls() == ["list", "change"]
    assert hub.bare.show(VALUES, BRANCH) == b"# theirs\ntag: v2\n"
    assert hub.bare.log(branch=BRANCH)[1:] == hub.bare.log()


@either
def test_what_somebody_else_committed_there_stays(hub: Hub, site: Site) -> None:
    written(site, "v2")
    hub.bare.commit("reviewed.txt", "by a person\n", BRANCH)
    hub.bare.commit(VALUES, "# theirs\ntag: v1\n")

    written(site, "v3")
    written(site, "v4")

    assert hub.bare.log(branch=BRANCH) == [
        "build: automatic update of app",
        "build: automatic update of app",
        "other: reviewed.txt",
        "build: automatic update of app",
        "first",
    ]
    assert "| `v1` | `v4` |" in hub.only.body
    assert hub.only.state == "open"


def test_closed_by_a_person_it_is_not_asked_again_until_something_else_is(hub: Hub) -> None:
    with hub.site() as site:
        written(site, "v2")
        written(site, "v5", app="b", path="other.yaml")
        hub.only.state = "closed"
    hub.calls()

    with hub.site() as site:
        submit(site, "v2")
        submit(site, "v5", app="b", path="other.yaml")
        outcomes = site.settle()
        assert hub.calls() == ["list"]
        assert {(one.request_state, one.request_url, one.commit) for one in outcomes} == {
            (RequestState.DECLINED, hub.api.web(1), "")
        }
        written(site, "v2")
        assert hub.calls() == []

        newer = written(site, "v6", app="b", path="other.yaml")

    assert hub.calls() == ["list", "open", "list"]
    assert newer.request_url == hub.api.web(2)
    assert hub.bare.show("other.yaml", BRANCH) == b"tag: v6\n"
    assert hub.bare.show(VALUES, BRANCH) == b"# ours\ntag: v1\n"
    assert "argocd/app" not in hub.requests.items[1].body


def test_a_branch_deleted_with_its_declined_request_is_not_made_again(hub: Hub, site: Site) -> None:
    written(site, "v2")
    hub.only.state = "closed"
    git(hub.bare.path, "branch", "-D", BRANCH)

    outcome = written(site, "v2")

    assert outcome.request_state is RequestState.DECLINED
    assert not hub.bare.has(BRANCH)


def test_merged_it_is_done_and_the_branch_goes(hub: Hub, site: Site) -> None:
    written(site, "v2")
    hub.requests.merge(hub.only)
    hub.calls()

    outcome = written(site, "v2")
    assert hub.calls() == ["list"]
    assert (outcome.request_state, outcome.request_url) == (RequestState.DONE, hub.api.web(1))
    assert not hub.bare.has(BRANCH)
    written(site, "v2")
    assert hub.calls() == []

    written(site, "v3")
    assert hub.calls() == ["list", "open", "list"]
    assert hub.bare.log(branch=BRANCH)[1:] == hub.bare.log()


@either
def test_a_newer_image_after_a_merge_begins_at_the_base(hub: Hub, site: Site) -> None:
    """The branch that was merged is there still: on top of it the two would conflict."""
    written(site, "v2")
    hub.requests.merge(hub.only)

    outcome = written(site, "v3")

    assert outcome.request_url == hub.api.web(2)
    assert hub.bare.log(branch=BRANCH)[1:] == hub.bare.log()


def test_what_the_base_has_by_itself_is_closed(hub: Hub, site: Site) -> None:
    written(site, "v2")
    hub.bare.commit(VALUES, "# ours\ntag: v2\n")
    hub.calls()

    outcome = written(site, "v2")

    assert hub.calls() == ["list", "change", "comment"]
    assert outcome.request_state is RequestState.DONE
    assert hub.only.state == "closed"
    assert hub.only.comments == [
        "`main` has all that was asked for here, or it is not wanted any more."
    ]
    assert not hub.bare.has(BRANCH)
    # It was us: asked for anew it is no no.
    hub.bare.commit(VALUES, "# ours\ntag: v1\n")
    assert written(site, "v2").request_state is RequestState.OPEN


@either
def test_what_one_application_no_longer_wants_goes_from_it(hub: Hub, site: Site) -> None:
    submit(site, "v2", app="a", write="images")
    submit(site, "v5", app="b", path="other.yaml", write="images")
    site.settle()

    written(site, "v1", app="a", write="images")

    assert "argocd/a" not in hub.only.body
    assert hub.only.title == "Update team/app to v5 in argocd/b"
    assert hub.bare.show(VALUES, "images") == b"# ours\ntag: v1\n"
    assert hub.bare.show("other.yaml", "images") == b"tag: v5\n"


def test_superseded_requests_are_closed_and_others_left(hub: Hub, site: Site) -> None:
    """A branch for each content: the template that argocd-image-updater itself uses."""
    written(site, "v2", write="images-2")
    mine, ours = hub.only, Mark.parse(hub.only.body)
    git(hub.bare.path, "branch", "theirs", "images-2")
    hub.requests.add("a person's", "please", "theirs", "main")
    fork = hub.requests.add("a stranger's", mine.body, "images-2", "main")
    fork.is_fork = True
    git(hub.bare.path, "branch", "another", "images-2")
    hub.requests.add("of another", str(ours).replace("argocd/app", "argocd/b"), "another", "main")
    hub.requests.page = 1
    hub.calls()

    outcome = written(site, "v3", write="images-3")

    assert hub.calls() == ["list", "open", *["list"] * 5, "change", "comment"]
    assert outcome.request_url == hub.api.web(5)
    states = [item.state for item in hub.requests.items]
    assert states == ["closed", "open", "open", "open", "open"]
    assert hub.requests.items[0].comments == [f"Superseded by {hub.api.web(5)}."]
    assert [hub.bare.has(one) for one in ("images-2", "theirs", "another")] == [False, True, True]


def test_another_life_knows_it_again(hub: Hub) -> None:
    with hub.site() as site:
        submit(site, "v2", app="a", write="images")
        submit(site, "v5", app="b", path="other.yaml", write="images")
        site.settle()
    hub.calls()

    with hub.site() as site:
        written(site, "v2", app="a", write="images")
        assert hub.calls() == ["list"]
        assert site.engine.git.started["push"] == 0
        written(site, "v3", app="a", write="images")

    assert hub.calls() == ["list", "change"]
    assert "| `argocd/a` | `team/app` | `v1` | `v3` |" in hub.only.body
    assert "| `argocd/b` | `team/app` | `v1` | `v5` |" in hub.only.body
    assert "v5: newest" in hub.only.body
    assert hub.bare.show("other.yaml", "images") == b"tag: v5\n"


def test_what_a_person_opened_from_the_branch_stays_as_it_is(hub: Hub, site: Site) -> None:
    git(hub.bare.path, "branch", BRANCH, "main")
    hub.bare.commit("mine.txt", "a person\n", BRANCH)
    hub.requests.add("mine", "by hand", BRANCH, "main")

    outcome = written(site, "v2")

    assert outcome.request_url == hub.api.web(1)
    assert (hub.only.title, hub.only.body, hub.only.state) == ("mine", "by hand", "open")
    assert hub.calls() == ["list"]
    assert hub.bare.log(branch=BRANCH)[1:] == ["other: mine.txt", "first"]


def test_who_opened_it_a_moment_before_is_no_failure(hub: Hub, site: Site) -> None:
    lists = iter([Reply(200, [])])

    def first_sees_none(method: str, _: str) -> Reply | None:
        if method == "GET" and (reply := next(lists, None)):
            hub.requests.add("Update", f"{Mark()}", BRANCH, "main")
            return reply
        return None

    git(hub.bare.path, "branch", BRANCH, "main")
    hub.requests.fails = first_sees_none

    outcome = written(site, "v2")

    assert hub.calls() == ["list", f"open {hub.api.duplicate}", "list", "change"]
    assert outcome.request_url == hub.api.web(1)
    assert "`v2`" in hub.only.body


@pytest.mark.parametrize(
    ("method", "status", "calls"),
    [
        pytest.param("GET", 500, ["list 500"], id="cannot-be-asked"),
        pytest.param("POST", 403, ["list", "open 403"], id="may-not-open"),
    ],
)
def test_a_forge_that_fails_is_told_once_and_asked_again(
    hub: Hub, site: Site, method: str, status: int, calls: list[str]
) -> None:
    hub.requests.fails = lambda asked, _: Reply(status, {}) if asked == method else None
    submit(site, "v2")
    wait_for("it is asked again", lambda: len(hub.requests.calls) > 2 * len(calls))
    (failure,) = site.take()
    pushed = hub.bare.tip(BRANCH)

    assert isinstance(failure.error, GitFailed)
    assert failure.commit == pushed
    assert failure.again_s is not None
    assert hub.calls()[: len(calls)] == calls
    hub.requests.fails = lambda _method, _path: None
    (outcome,) = site.settle()
    assert (outcome.error, outcome.commit, outcome.request_url) == (None, pushed, hub.api.web(1))
    assert site.engine.git.started["push"] == 1


@either
def test_without_a_token_it_is_pushed_and_said_what_to_give(hub: Hub) -> None:
    hub.server.users.clear()
    with hub.site(credential=Credential(ssh_key="key")) as site:
        submit(site, "v2")
        failure = site.failure()

        assert isinstance(failure.error, GitRefused)
        assert "give the repository's HTTPS URL, and as password a token" in str(failure.error)
        assert failure.commit == hub.bare.tip(BRANCH)
    assert hub.calls() == []


@either
def test_into_the_base_itself_is_refused(hub: Hub, site: Site) -> None:
    site.submit("app", line(VALUES, "v2"), base="", write="main", change=CHANGE)

    assert "needs another branch than the one it goes to" in str(site.failure().error)
    assert hub.bare.log() == ["first"]


@either
def test_a_long_lived_branch_of_people_is_neither_rewritten_nor_deleted(
    hub: Hub, site: Site
) -> None:
    git(hub.bare.path, "branch", "develop", "main")
    hub.bare.commit("theirs.txt", "theirs\n", "develop")

    written(site, "v2", write="develop")
    hub.requests.merge(hub.only)
    written(site, "v2", write="develop")
    written(site, "v3", write="develop")

    assert hub.bare.log(branch="develop")[1:] == [
        "build: automatic update of app",
        "other: theirs.txt",
        "first",
    ]


@either
def test_what_was_declined_stays_out_while_the_forge_is_away(hub: Hub, site: Site) -> None:
    submit(site, "v2", app="a", write="images")
    submit(site, "v5", app="b", path="other.yaml", write="images")
    site.settle()
    hub.only.state = "closed"
    hub.bare.commit(VALUES, "# theirs\ntag: v1\n")
    written(site, "v2", app="a", write="images")
    hub.requests.fails = lambda _method, _path: Reply(500, {})

    submit(site, "v6", app="b", path="other.yaml", write="images")
    assert site.failure().commit == hub.bare.tip("images")

    assert hub.bare.show("other.yaml", "images") == b"tag: v6\n"
    assert hub.bare.show(VALUES, "images") == b"# theirs\ntag: v1\n"


@either
def test_a_branch_that_may_not_be_deleted_is_left(hub: Hub, site: Site) -> None:
    git(hub.bare.path, "config", "receive.denyDeletes", "true")
    written(site, "v2")
    hub.requests.merge(hub.only)

    assert written(site, "v2").request_state is RequestState.DONE
    hub.calls()
    assert written(site, "v2").request_state is RequestState.DONE

    assert hub.calls() == []
    assert site.engine.git.started["push"] == 2
    assert written(site, "v3").request_url == hub.api.web(2)
    assert hub.bare.log(branch=BRANCH)[1:] == hub.bare.log()


@either
def test_who_leaves_takes_its_change_along(hub: Hub, site: Site) -> None:
    submit(site, "v2", app="a", write="images")
    submit(site, "v5", app="b", path="other.yaml", write="images")
    site.settle()

    site.engine.withdraw("argocd/a")
    written(site, "v5", app="b", path="other.yaml", write="images")

    assert hub.bare.show(VALUES, "images") == b"# ours\ntag: v1\n"
    assert "argocd/a" not in hub.only.body


@either
def test_what_was_merged_and_taken_back_is_not_asked_for_again(hub: Hub) -> None:
    with hub.site() as site:
        written(site, "v2")
        hub.requests.merge(hub.only)
        written(site, "v2", is_new=False)
        hub.bare.revert()
        outcomes = [written(site, "v2", is_new=False)]
    with hub.site() as site:
        outcomes.append(written(site, "v2", is_new=False))
        for outcome in outcomes:
            assert (outcome.error, outcome.commit) == (None, "")
            assert outcome.request_state is RequestState.DECLINED
        assert len(hub.requests.items) == 1

        assert written(site, "v3").request_url == hub.api.web(2)


@either
def test_what_was_declined_stays_out_of_the_next_request(hub: Hub, site: Site) -> None:
    submit(site, "v2", app="a", write="images")
    submit(site, "v5", app="b", path="other.yaml", write="images")
    site.settle()
    hub.only.state = "closed"
    written(site, "v6", app="b", path="other.yaml", write="images")
    hub.bare.commit("other.yaml", "# theirs\ntag: v1\n")

    submit(site, "v2", app="a", write="images", is_new=False)
    submit(site, "v6", app="b", path="other.yaml", write="images", is_new=False)
    states = {one.request.update.application: one.request_state for one in site.settle()}

    assert states == {"a": RequestState.DECLINED, "b": RequestState.OPEN}
    assert hub.bare.show(VALUES, "images") == b"# ours\ntag: v1\n"
    assert hub.bare.show("other.yaml", "images") == b"# theirs\ntag: v6\n"
    assert "argocd/a" not in hub.requests.items[1].body


@either
def test_a_branch_of_others_is_shown_with_all_that_it_has(hub: Hub, site: Site) -> None:
    submit(site, "v2", app="a", write="images")
    submit(site, "v5", app="b", path="other.yaml", write="images")
    site.settle()
    hub.bare.commit("reviewed.txt", "by a person\n", "images")
    hub.only.state = "closed"

    written(site, "v6", app="b", path="other.yaml", write="images")

    assert "| `argocd/a` | `team/app` | `v1` | `v2` |" in hub.requests.items[1].body
    assert hub.bare.show("reviewed.txt", "images") == b"by a person\n"
