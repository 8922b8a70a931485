"""Real transports: who is spoken to as whom, what a credential reaches, and what it does not."""

import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from cmp.errors import GitFailed, GitRefused
from cmp.writeback.git_credential import Credential
from cmp.writeback.git_login import Trust
from tests.support import sshd
from tests.support.bare import Bare
from tests.support.git import git
from tests.support.git_server import GitServer
from tests.support.needs import lacks
from tests.support.sshd import SshServer
from tests.support.token_server import Authority
from tests.support.waiting import wait_for
from tests.writeback.site import Site, line

VALUES = "values.yaml"
ROBOT = Credential(username="robot", password="s3cr%t\"'$x")
USERS = {ROBOT.username: ROBOT.password}


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path / "served" / "team" / "app.git", {VALUES: "tag: v1\n", "big": "x" * 9999})


@pytest.fixture
def server(tmp_path: Path, bare: Bare) -> Iterator[GitServer]:
    with GitServer(tmp_path / "served", USERS) as server:
        yield server


def site(
    tmp_path: Path, server: GitServer, credential: Credential = ROBOT, trust: Trust | None = None
) -> Site:
    url = f"{server.url}/team/app.git"
    return Site(tmp_path, url, credential=credential, trust=trust)


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param(ROBOT, id="password"),
        pytest.param(
            Credential(username="robot", password=ROBOT.password, force_basic=True), id="basic"
        ),
        pytest.param(Credential(bearer="t0ken"), id="bearer"),
    ],
)
def test_by_https(tmp_path: Path, bare: Bare, credential: Credential) -> None:
    authority = Authority(tmp_path / "authority")
    certificate = authority.server("git")
    with (
        GitServer(tmp_path / "served", USERS, bearer="t0ken", certificate=certificate) as server,
        site(tmp_path, server, credential, trust=Trust(authority.file.read_text())) as ours,
    ):
        ours.submit("app", line(VALUES, "v2"))
        (outcome,) = ours.settle()

        assert outcome.error is None
        assert bare.show(VALUES) == b"tag: v2\n"
        assert server.pushes() == 1


def test_files_that_nobody_edits_are_never_fetched(
    tmp_path: Path, bare: Bare, server: GitServer
) -> None:
    with site(tmp_path, server) as ours:
        ours.submit("app", line(VALUES, "v2"))
        ours.settle()
        (clone,) = ours.folder.glob("*/clone.git")
        listed = git(clone, "cat-file", "--batch-all-objects", "--batch-check")

    assert git(bare.path, "rev-parse", "main:big").strip() not in listed
    assert git(bare.path, "rev-parse", f"main:{VALUES}").strip() in listed


@pytest.mark.parametrize("setting", ["uploadpack.allowFilter", "protocol.version"])
def test_a_server_that_cannot_give_parts_gives_all(
    tmp_path: Path, bare: Bare, server: GitServer, setting: str
) -> None:
    git(bare.path, "config", setting, "false" if "allow" in setting else "0")

    with site(tmp_path, server) as ours:
        ours.submit("app", line(VALUES, "v2"))
        (outcome,) = ours.settle()

    assert outcome.commit == bare.tip()


@pytest.mark.parametrize(
    ("credential", "complaint"),
    [
        pytest.param(Credential(username="robot", password="wr0ng"), "does not accept", id="wrong"),
        pytest.param(Credential(), "does not accept", id="none"),
        pytest.param(Credential(bearer="wr0ng"), "does not accept", id="bearer"),
    ],
)
def test_a_wrong_credential_says_what_to_do_and_not_the_password(
    tmp_path: Path, server: GitServer, credential: Credential, complaint: str
) -> None:
    with site(tmp_path, server, credential) as ours:
        ours.submit("app", line(VALUES, "v2"))
        outcome = ours.failure()

    assert isinstance(outcome.error, GitRefused)
    assert complaint in str(outcome.error)
    assert "wr0ng" not in str(outcome.error)
    assert "app.git" in str(outcome.error)


def test_who_may_read_only_is_told_so(tmp_path: Path, server: GitServer) -> None:
    server.may_write = lambda _: False

    with site(tmp_path, server) as ours:
        ours.submit("app", line(VALUES, "v2"))
        outcome = ours.failure()

    assert isinstance(outcome.error, GitRefused)
    assert "may not write" in str(outcome.error)


def test_an_untrusted_certificate_is_refused_unless_told(tmp_path: Path, bare: Bare) -> None:
    certificate = Authority(tmp_path / "authority").server("git")
    insecure = Credential(username="robot", password=ROBOT.password, insecure=True)
    with GitServer(tmp_path / "served", USERS, certificate=certificate) as server:
        with site(tmp_path, server) as ours:
            ours.submit("app", line(VALUES, "v2"))
            assert "argocd-tls-certs-cm" in str(ours.failure().error)
        assert server.asked == []
        with site(tmp_path, server, insecure) as ours:
            ours.submit("app", line(VALUES, "v2"))
            ours.settle()

    assert bare.show(VALUES) == b"tag: v2\n"


def test_a_moved_repository_of_the_same_server_is_followed(
    tmp_path: Path, bare: Bare, server: GitServer
) -> None:
    server.redirects = {"/team/app/": "/team/app.git/"}

    with Site(tmp_path, f"{server.url}/team/app", credential=ROBOT) as ours:
        ours.submit("app", line(VALUES, "v2"))
        ours.settle()

    assert bare.show(VALUES) == b"tag: v2\n"


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param(ROBOT, id="password"),
        pytest.param(
            Credential(username="robot", password=ROBOT.password, force_basic=True), id="basic"
        ),
        pytest.param(Credential(bearer="t0ken"), id="bearer"),
    ],
)
@pytest.mark.parametrize("at_first", [True, False])
@pytest.mark.parametrize("users", [{"other": "x"}, {}])
def test_no_credential_goes_to_another_host(
    tmp_path: Path,
    server: GitServer,
    credential: Credential,
    users: dict[str, str],
    *,
    at_first: bool,
) -> None:
    with GitServer(tmp_path / "served", users) as evil:
        server.redirects = {"/": f"{evil.url}/"}
        server.redirects_users = not at_first
        with site(tmp_path, server, credential) as ours:
            ours.submit("app", line(VALUES, "v2"))
            wait_for("it is tried", lambda: ours.outcomes)
        assert {one.authorization for one in evil.asked} == ({""} if credential is ROBOT else set())


def test_no_credential_goes_to_another_path(tmp_path: Path, server: GitServer) -> None:
    Bare(tmp_path / "served" / "secret" / "app.git", {VALUES: "tag: v1\n"})
    server.redirects = {"/team/app.git/": "/secret/app.git/"}

    with site(tmp_path, server) as ours:
        ours.submit("app", line(VALUES, "v2"))
        assert ours.failure().error

    assert not [one for one in server.asked if "/secret/" in one.path and one.authorization]


def test_no_secret_is_in_arguments_or_files_that_stay(
    tmp_path: Path, bare: Bare, server: GitServer
) -> None:
    """A hook of the server stops the push: then all processes are looked at."""
    seen: list[str] = []

    def look() -> None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                seen.append(process.joinpath("cmdline").read_text())
            except OSError:
                continue

    server.after_push = look
    with site(tmp_path, server) as ours:
        ours.submit("app", line(VALUES, "v2"))
        ours.settle()
        files = [f for f in ours.folder.rglob("*") if f.is_file()]
        assert not [f for f in files if ROBOT.password.encode() in f.read_bytes()]

    assert any("push\0--porcelain" in one for one in seen)
    assert not any("s3cr" in one for one in seen)


@pytest.mark.parametrize("status", [HTTPStatus.BAD_GATEWAY, HTTPStatus.TOO_MANY_REQUESTS])
def test_a_server_that_fails_is_asked_again(
    tmp_path: Path, bare: Bare, server: GitServer, status: HTTPStatus
) -> None:
    server.fails_with = status

    with site(tmp_path, server) as ours:
        ours.submit("app", line(VALUES, "v2"))
        outcome = ours.failure()
        assert isinstance(outcome.error, GitFailed)
        assert not isinstance(outcome.error, GitRefused)
        server.fails_with = None
        ours.settle()

    assert bare.show(VALUES) == b"tag: v2\n"


def test_a_remote_that_is_gone_is_asked_again(tmp_path: Path, bare: Bare) -> None:
    with Site(tmp_path, "http://127.0.0.1:9/team/app.git") as ours:
        ours.submit("app", line(VALUES, "v2"))
        outcome = ours.failure()

        assert "did not answer" in str(outcome.error)
        assert ours.engine.waiting == 1


def test_no_such_repository_says_so(tmp_path: Path, server: GitServer) -> None:
    with Site(tmp_path, f"{server.url}/team/none.git", credential=ROBOT) as ours:
        ours.submit("app", line(VALUES, "v2"))
        outcome = ours.failure()

    assert isinstance(outcome.error, GitRefused)
    assert "there is no such repository" in str(outcome.error)


def test_an_answer_that_is_lost_is_no_second_commit(
    tmp_path: Path, bare: Bare, server: GitServer
) -> None:
    """The server has taken the push when the connection breaks."""
    first = threading.Event()

    def break_once() -> None:
        if not first.is_set():
            first.set()
            raise ConnectionAbortedError

    server.after_push = break_once
    with site(tmp_path, server) as ours:
        ours.submit("app", line(VALUES, "v2"))
        outcomes = ours.settle()

    assert first.is_set()
    assert outcomes[-1].error is None
    assert bare.log() == ["build: automatic update of app", "first"]


def test_three_hundred_applications_one_commit(tmp_path: Path, server: GitServer) -> None:
    count = 300
    files = {f"apps/{n}/values.yaml": f"# {n}\ntag: v1\n" for n in range(count)}
    mono = Bare(tmp_path / "served" / "mono.git", {**files, **{f"x/{n}": "x" for n in range(500)}})
    url = f"{server.url}/mono.git"

    with Site(tmp_path, url, credential=ROBOT) as ours:
        for n in range(count):
            ours.submit(f"app-{n}", line(f"apps/{n}/values.yaml", "v2"))
        outcomes = ours.settle(60)
        first = dict(ours.engine.git.started)
        for n in range(count):
            ours.submit(f"app-{n}", line(f"apps/{n}/values.yaml", "v3"))
        ours.settle(60)
        second = {k: v - first.get(k, 0) for k, v in ours.engine.git.started.items()}

    assert {one.commit for one in outcomes} == {mono.log("%H")[1]}
    assert mono.log() == ["build: automatic update of 300 applications"] * 2 + ["first"]
    assert first == {
        "init": 1,
        "fetch": 2,
        "cat-file": 1,
        "fast-import": 1,
        "commit-tree": 1,
        "push": 1,
    }
    assert second == {**first, "init": 0, "fetch": 1}
    assert mono.show("apps/299/values.yaml") == b"# 299\ntag: v3\n"


@pytest.fixture(scope="module")
def ssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    if not sshd.is_installed():
        lacks("sshd is not on PATH: run make setup-e2e")
    with SshServer(tmp_path_factory.mktemp("ssh") / "server") as server:
        yield server


def test_by_ssh(tmp_path: Path, bare: Bare, ssh: SshServer) -> None:
    trust = Trust(known_hosts=ssh.known_hosts)
    credential = Credential(ssh_key=ssh.key.rstrip("\n"))  # as people paste it

    with Site(tmp_path, ssh.url(bare.path), credential=credential, trust=trust) as ours:
        ours.submit("app", line(VALUES, "v2"))
        ours.settle()
        left = [file.name for file in ours.folder.rglob("*") if file.name in ("key", "known_hosts")]

    assert bare.show(VALUES) == b"tag: v2\n"
    assert left == []


@pytest.mark.parametrize(
    ("key", "hosts", "complaint"),
    [
        pytest.param("other", True, "does not accept the SSH key", id="key"),
        pytest.param("user", False, "argocd-ssh-known-hosts-cm", id="host"),
        pytest.param("", True, "does not accept the SSH key", id="no-key"),
        pytest.param("no key at all", True, "does not accept the SSH key", id="garbage"),
    ],
)
def test_by_ssh_refused(
    tmp_path: Path, bare: Bare, ssh: SshServer, key: str, *, hosts: bool, complaint: str
) -> None:
    keys = {"other": ssh.other_key, "user": ssh.key}
    trust = Trust(known_hosts=ssh.known_hosts if hosts else "")
    credential = Credential(ssh_key=keys.get(key, key))

    with Site(tmp_path, ssh.url(bare.path), credential=credential, trust=trust) as ours:
        ours.submit("app", line(VALUES, "v2"))
        outcome = ours.failure()

    assert isinstance(outcome.error, GitRefused)
    assert complaint in str(outcome.error)
    assert bare.log() == ["first"]


def test_by_ssh_to_an_unknown_host_only_when_told(
    tmp_path: Path, bare: Bare, ssh: SshServer
) -> None:
    credential = Credential(ssh_key=ssh.key, insecure=True)

    with Site(tmp_path, ssh.url(bare.path), credential=credential) as ours:
        ours.submit("app", line(VALUES, "v2"))
        ours.settle()

    assert bare.show(VALUES) == b"tag: v2\n"
