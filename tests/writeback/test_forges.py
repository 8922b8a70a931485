"""What forges answer, as errors; where their APIs are; what their requests say."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.forges import FORGES, Access, Forge, opened
from cmp.writeback.forges.api import TooMany
from cmp.writeback.forges.github import Github, api_url
from cmp.writeback.git_address import Address
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_login import Trust
from cmp.writeback.git_update import Change, Update
from cmp.writeback.request_text import Mark, Row, retired, rows_of, text, why_of, whys_in
from tests.support.git_server import Asked, GitServer, Reply
from tests.support.token_server import Authority

TOKEN = "ghp_s3cret"
API = {"github": "/api/v3", "gitlab": "/api/v4"}


class Answers:
    """A server that gives the same answer to everything."""

    def __init__(self, folder: Path, name: str, certificate: Path | None = None) -> None:
        self.reply = Reply(200, [])
        self.asked: list[Asked] = []
        self.server = GitServer(folder, {}, certificate=certificate)
        self.server.beside[API[name]] = lambda asked, _headers, _body: self._answer(asked)

    def _answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        return self.reply


@pytest.fixture(params=sorted(FORGES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def answers(tmp_path: Path, name: str) -> Iterator[Answers]:
    answers = Answers(tmp_path, name)
    with answers.server:
        yield answers


@pytest.fixture
def forge(answers: Answers, name: str) -> Iterator[Forge]:
    with opened(name, access(answers.server.url)) as forge:
        yield forge


def access(url: str, **credential: Any) -> Access:
    who = Credential(password=TOKEN, **credential)
    return Access(Address.parse(f"{url}/team/app.git"), who, Trust())


LIMIT = {"X-RateLimit-Remaining": "0"}


@pytest.mark.parametrize(
    ("reply", "kind", "told"),
    [
        pytest.param(
            Reply(401, {"message": "Bad"}), GitRefused, "does not accept the token", id="401"
        ),
        pytest.param(Reply(403, {"message": "no"}), GitRefused, "the token needs", id="403"),
        pytest.param(Reply(403, {}, LIMIT), TooMany, "left alone for a while", id="limit"),
        pytest.param(Reply(429, {}), TooMany, "left alone for a while", id="429"),
        pytest.param(Reply(404, {}), GitRefused, "shows this token no such repository", id="404"),
        pytest.param(
            Reply(422, {"message": "Failed", "errors": [{"message": f"not {TOKEN}"}]}),
            *(GitRefused, "(status 422) (Failed; not ***)"),
            id="422",
        ),
        pytest.param(
            Reply(400, {"message": {"title": ["is too long"]}}),
            GitRefused,
            "(status 400)",
            id="400",
        ),
        pytest.param(
            Reply(301, {}, {"Location": "/x"}), GitRefused, "write the repository's new", id="301"
        ),
        pytest.param(Reply(500, "<html>"), GitFailed, "answered with status 500", id="500"),
        pytest.param(Reply(200, {"no": "list"}), GitFailed, "answered with no list", id="no-list"),
    ],
)
def test_what_is_refused_says_what_to_do_and_no_token(
    answers: Answers, forge: Forge, reply: Reply, kind: type[GitFailed], told: str
) -> None:
    answers.reply = reply

    with pytest.raises(GitFailed) as caught:
        forge.of_branch("images", "main")

    assert type(caught.value) is kind
    assert told in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert [asked.authorization for asked in answers.asked] == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    ("headers", "again_s"),
    [
        pytest.param({"Retry-After": "90"}, 90, id="retry-after"),
        pytest.param({"X-RateLimit-Reset": "9999999999"}, 3600, id="reset-far"),
        pytest.param({"RateLimit-Reset": "1"}, 1, id="reset-past"),
        pytest.param({}, 60, id="unsaid"),
    ],
)
def test_how_long_a_forge_is_left_alone(
    answers: Answers, forge: Forge, headers: dict[str, str], again_s: float
) -> None:
    answers.reply = Reply(429, {}, headers)

    with pytest.raises(TooMany) as caught:
        forge.of_branch("images", "main")

    assert caught.value.again_s == again_s


@pytest.mark.parametrize(
    "odd", [None, 1, "x", {}, {"number": 1}, {"iid": "x", "head": 1}, {"head": None, "base": {}}]
)
def test_what_is_no_request_is_passed_over(answers: Answers, forge: Forge, odd: object) -> None:
    answers.reply = Reply(200, [odd])

    assert list(forge.of_branch("images", "main")) == []
    assert list(forge.open_into("main")) == []


def test_the_next_page_of_another_host_is_not_asked_for(answers: Answers, forge: Forge) -> None:
    answers.reply = Reply(200, [], {"Link": '<http://elsewhere.test/x>; rel="next"'})

    assert list(forge.open_into("main")) == []
    assert len(answers.asked) == 1


def test_nobody_answers(name: str) -> None:
    with opened(name, access("http://127.0.0.1:1")) as forge, pytest.raises(GitFailed) as caught:
        forge.of_branch("images", "main")

    assert type(caught.value) is GitFailed
    assert "did not answer (ConnectionError); it is tried again" in str(caught.value)


def test_only_who_is_trusted_is_shown_the_token(tmp_path: Path, name: str) -> None:
    authority = Authority(tmp_path / "authority")
    answers = Answers(tmp_path, name, authority.server("forge"))
    trusts: Sequence[Trust] = (Trust(), Trust(authority.file.read_text()))
    with answers.server, ExitStack() as stack:
        url = access(answers.server.url)
        unknown, trusted = (
            stack.enter_context(opened(name, url._replace(trust=t))) for t in trusts
        )
        with pytest.raises(GitFailed, match="SSLError"):
            unknown.of_branch("images", "main")
        assert answers.asked == []
        assert trusted.of_branch("images", "main") == []


@pytest.mark.parametrize(
    ("host", "api"),
    [
        pytest.param("github.com", "https://api.github.com", id="public"),
        pytest.param("GitHub.com", "https://api.github.com", id="case"),
        pytest.param("acme.ghe.com", "https://api.acme.ghe.com", id="resident"),
        pytest.param("git.test:8443", "https://git.test:8443/api/v3", id="enterprise"),
        pytest.param("github.com.test", "https://github.com.test/api/v3", id="another"),
    ],
)
def test_where_the_api_of_github_is(host: str, api: str) -> None:
    assert api_url(host.partition(":")[0], f"https://{host}") == api


def test_the_api_that_the_credential_names_goes_first() -> None:
    given_ = access("https://git.test", github_api="https://api.git.test/v3")

    assert Github(given_).api.base == "https://api.git.test/v3"


@pytest.mark.parametrize(
    ("name", "path"), [("github", "/app"), ("github", "/a/b/c"), ("gitlab", "/app")]
)
def test_an_address_that_is_none_of_a_forges_is_refused(name: str, path: str) -> None:
    address = Address.parse(f"https://git.test{path}.git")

    with pytest.raises(GitRefused, match="its URL is https://host/"), ExitStack() as stack:
        stack.enter_context(opened(name, Access(address, Credential(password="x"), Trust())))


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
rows = st.lists(st.builds(Row, *[names] * 6), max_size=20)


@given(st.builds(Mark, rows.map(tuple), names, st.booleans(), st.booleans()), names, names)
def test_a_mark_is_found_again_and_shows_nothing(mark: Mark, before: str, after: str) -> None:
    written = str(mark)

    assert Mark.parse(f"{before.replace('<!--', '')}\n{written}\n{after}") == mark
    assert written.count("-->") == 1
    assert written.count("<") == 1
    assert "\n" not in written


@given(st.text() | st.from_regex(r"<!-- argocd-image-cmp \{.*\} -->", fullmatch=True))
def test_what_is_no_mark_is_no_failure(body: str) -> None:
    Mark.parse(body)
    retired(body)


@pytest.mark.parametrize("count", [1, 300, 2000])
def test_a_body_is_never_longer_than_a_forge_takes(count: int) -> None:
    asked = [Row(f"argocd/app-{n}", "1a2b", "team/app", "app", "v1", "v2") for n in range(count)]
    whys = {row.application: "why\n" * 200 for row in asked}

    title, body = text(Mark(tuple(asked), "c" * 40), whys)

    assert len(body) < 65_536
    assert len(title) < 256
    mark = Mark.parse(body)
    assert mark is not None
    assert mark.tip == "c" * 40
    assert mark.rows in (tuple(asked), ())


def test_a_value_is_no_markup() -> None:
    row = Row("argocd/app", "", "a|b`<b>@all", "a", "sha256:" + "0" * 64, "")

    body = text(Mark((row,)), {}).body

    assert "| `argocd/app` | `a\\|b'<b>@all` | `sha256:000000000000` |  |" in body


def test_an_explanation_cannot_leave_its_fence() -> None:
    update = Update("app", "argocd", (), explain="```\n<!-- /why -->\n/close\n````")

    why = why_of(update)

    assert why.startswith("<details><summary>argocd/app</summary>\n\n`````text\n")
    assert why.endswith("\n`````\n\n</details>")
    body = text(Mark((Row("argocd/app", "", "", "", "", ""),)), {"argocd/app": why}).body
    assert whys_in(body.replace("\n", "\r\n")) == {"argocd/app": why}


def test_what_an_application_has_in_it_already_stays() -> None:
    first = Update("app", "argocd", (Change("team/app", "app", "v1", "v2"),))
    other = Update("app", "argocd", (Change("redis", "cache", "6", "7"),))
    known = rows_of(first, rows_of(Update("app", "argocd", ()), ()))

    assert [(row.alias, row.new) for row in rows_of(other, known)] == [
        ("app", "v2"),
        ("cache", "7"),
    ]


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        pytest.param([("v1", "v2")], "v1", "v2", id="first"),
        pytest.param([("v1", "v2"), ("v2", "v3")], "v1", "v3", id="goes-on"),
        pytest.param([("v1", "v2"), ("v1", "v3")], "v1", "v3", id="from-the-base"),
        pytest.param([("v1", "v2"), ("v1.5", "v3")], "v1.5", "v3", id="base-moved"),
        pytest.param([("v1", "v2"), ("v2", "v2")], "v1", "v2", id="there-already"),
        pytest.param([("v1", "v2"), None], "v1", "v2", id="unsaid"),
    ],
)
def test_what_an_image_comes_from(
    changes: list[tuple[str, str] | None], old: str, new: str
) -> None:
    known: tuple[Row, ...] = ()
    for change in changes:
        told = (Change("team/app", "app", *change),) if change else ()
        known = rows_of(Update("app", "argocd", told), known)

    assert [(row.old, row.new) for row in known] == [(old, new)]
