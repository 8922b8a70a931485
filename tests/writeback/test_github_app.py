"""A GitHub App against a server that speaks the two requests of GitHub's API."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cmp.errors import GitFailed, GitRefused, InvalidInput
from cmp.writeback.git_address import Address
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_login import Trust
from cmp.writeback.github_app import GithubApps
from cmp.writeback.pull_request import PullRequest
from tests.support.bare import Bare
from tests.support.git_server import GitServer
from tests.support.loopback import Loopback, QuietServer
from tests.support.token_server import Authority
from tests.writeback.site import Site, line

TOKEN = "ghs_installation"
KEY = rsa.generate_private_key(65537, 2048)


def pem(key: Any) -> str:
    raw: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return raw.decode()


PULL = {
    "number": 1,
    "html_url": "https://git.test/team/app/pull/1",
    "state": "open",
    "head": {"ref": "images", "sha": "c0ffee", "repo": {"full_name": "team/app"}},
    "base": {"ref": "main", "repo": {"full_name": "team/app"}},
}


class Github(Loopback):
    """Gives tokens to the App with number 12, which is installed as 34."""

    def __init__(self, certificate: Path) -> None:
        self.asked: list[str] = []
        self.valid_s = 3600
        self.status = 0
        server = _Server(("127.0.0.1", 0), _Handler)
        server.github = self
        super().__init__(server, certificate)

    def answer(self, method: str, path: str, authorization: str) -> tuple[int, object]:
        self.asked.append(f"{method} {path.partition('?')[0]}")
        if self.status:
            return self.status, {}
        if path.partition("?")[0] == "/api/v3/repos/team/app/pulls":
            assert authorization == f"Bearer {TOKEN}"
            return (200, []) if method == "GET" else (201, PULL)
        head, claims, signature = authorization.removeprefix("Bearer ").split(".")
        KEY.public_key().verify(
            decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        said = json.loads(decoded(claims))
        assert json.loads(decoded(head))["alg"] == "RS256"
        assert 0 < said["exp"] - said["iat"] <= 600
        if said["iss"] != "12":
            return 401, {}
        if path == "/api/v3/repos/team/app/installation":
            return 200, {"id": 34}
        if path == "/api/v3/app/installations/34/access_tokens":
            ends = datetime.now(UTC) + timedelta(seconds=self.valid_s)  # noqa: TID251 - as GitHub says it
            return 201, {"token": TOKEN, "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return 404, {}


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class _Server(QuietServer):
    github: Github


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers["Authorization"]
        status, document = self.server.github.answer(self.command, self.path, authorization)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    do_POST = do_GET  # noqa: N815 - the name is the method's

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def github(authority: Authority) -> Iterator[Github]:
    with Github(authority.server("github")) as github:
        yield github


def app(github: Github, installation: int = 34, number: int = 12) -> Credential:
    return Credential(
        github_app=number,
        github_installation=installation,
        github_app_key=pem(KEY),
        github_api=f"{github.url}/api/v3",
    )


def test_pushes_with_the_apps_token(tmp_path: Path, authority: Authority, github: Github) -> None:
    bare = Bare(tmp_path / "served" / "team" / "app.git", {"values.yaml": "tag: v1\n"})
    trust = Trust(authority.file.read_text())
    users = {"x-access-token": TOKEN}
    with GitServer(tmp_path / "served", users, certificate=authority.server("git")) as server:
        url = f"{server.url}/team/app.git"
        with Site(tmp_path, url, credential=app(github, installation=0), trust=trust) as site:
            for tag in ("v2", "v3"):
                site.submit("app", line("values.yaml", tag))
                (outcome,) = site.settle()
                assert outcome.commit == bare.tip()

    assert github.asked == [
        "GET /api/v3/repos/team/app/installation",
        "POST /api/v3/app/installations/34/access_tokens",
    ]


def test_asks_for_a_merge_with_the_apps_token(
    tmp_path: Path, authority: Authority, github: Github
) -> None:
    """The API is where the App's credential says, and not at the repository's host."""
    bare = Bare(tmp_path / "served" / "team" / "app.git", {"values.yaml": "tag: v1\n"})
    trust = Trust(authority.file.read_text())
    users = {"x-access-token": TOKEN}
    with GitServer(tmp_path / "served", users, certificate=authority.server("git")) as server:
        url, wish = f"{server.url}/team/app.git", PullRequest("github")
        site = Site(tmp_path, url, credential=app(github), trust=trust, pull_request=wish)
        with site:
            site.submit("app", line("values.yaml", "v2"), write="images")
            (outcome,) = site.settle()

    assert (outcome.commit, outcome.request_url) == (bare.tip("images"), PULL["html_url"])
    assert github.asked == [
        "POST /api/v3/app/installations/34/access_tokens",
        "GET /api/v3/repos/team/app/pulls",
        "POST /api/v3/repos/team/app/pulls",
        "GET /api/v3/repos/team/app/pulls",
    ]


ADDRESS = Address.parse("https://git.test/team/app.git")


def test_a_token_that_runs_out_is_renewed(authority: Authority, github: Github) -> None:
    apps, trust = GithubApps(), Trust(authority.file.read_text())
    github.valid_s = 200

    for _ in range(2):
        assert apps.resolved(ADDRESS, app(github), trust).password == TOKEN

    assert len(github.asked) == 2


@pytest.mark.parametrize(
    ("number", "status", "kind", "told"),
    [
        pytest.param(99, 0, GitRefused, "check githubAppID", id="not-the-app"),
        pytest.param(12, 404, GitRefused, "githubAppInstallationID", id="not-installed"),
        pytest.param(12, 503, GitFailed, "answered with status 503", id="down"),
        pytest.param(12, 302, GitFailed, "answered with status 302", id="redirection"),
    ],
)
def test_says_why_there_is_no_token(
    authority: Authority, github: Github, number: int, status: int, *, kind: type, told: str
) -> None:
    github.status = status

    with pytest.raises(GitFailed) as caught:
        GithubApps().resolved(
            ADDRESS, app(github, number=number), Trust(authority.file.read_text())
        )

    assert type(caught.value) is kind
    assert told in str(caught.value)


def test_an_api_that_is_not_trusted_is_told_nothing(github: Github) -> None:
    with pytest.raises(GitFailed, match="did not answer"):
        GithubApps().resolved(ADDRESS, app(github), Trust())

    assert github.asked == []


@pytest.mark.parametrize("key", ["no key", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_key_that_is_none_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        GithubApps().resolved(ADDRESS, Credential(github_app=1, github_app_key=key), Trust())

    assert "githubAppPrivateKey" in str(caught.value)
    assert key not in str(caught.value)
