"""The engine on repositories of this machine: batches, rejections, branches, refusals."""

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cmp.errors import GitRefused, InvalidInput
from cmp.writeback.git_edit import Edit, Read
from cmp.writeback.git_engine import Options
from cmp.writeback.git_message import Author
from cmp.writeback.git_signing import SigningKey
from cmp.writeback.git_writer import Style
from tests.support.bare import Bare
from tests.support.cli import run
from tests.support.git import git
from tests.support.git_server import Competitor
from tests.support.waiting import wait_for
from tests.writeback.site import QUICK, Site, line, processes_of

VALUES = "values.yaml"


@pytest.fixture
def bare(tmp_path: Path) -> Bare:
    return Bare(tmp_path / "team.git", {VALUES: "# ours\ntag: v1\n", "other.txt": "x\n"})


@pytest.fixture
def site(tmp_path: Path, bare: Bare) -> Iterator[Site]:
    with Site(tmp_path, bare.file_url) as site:
        yield site


def test_all_of_a_window_become_one_commit(tmp_path: Path) -> None:
    files = {f"apps/{n}/values.yaml": f"tag: v1\nname: {n}\n" for n in range(5)}
    bare = Bare(tmp_path / "team.git", files)

    with Site(tmp_path, bare.file_url) as site:
        for n in range(5):
            site.submit(f"app-{n}", line(f"apps/{n}/values.yaml", "v2"))
        outcomes = site.settle()

    assert {one.commit for one in outcomes} == {bare.tip()}
    assert [one.error for one in outcomes] == [None] * 5
    assert bare.log() == ["build: automatic update of 5 applications", "first"]
    assert bare.show("apps/3/values.yaml") == b"name: 3\ntag: v2\n"


def test_only_the_files_that_are_edited_change(tmp_path: Path) -> None:
    bare = Bare(
        tmp_path / "team.git",
        {VALUES: "tag: v1\n", "a/b/c.sh": "x\n", "ümlaut dir/x y": "1\n", "bin": b"\0\xff"},
    )
    (bare.work / "a/b/c.sh").chmod(0o755)
    bare.commit("a/b/d.txt", "d\n")
    before = git(bare.path, "ls-tree", "-r", "main").splitlines()

    with Site(tmp_path, bare.file_url) as site:
        site.submit("app", line('new "dir"/ü.yaml', "v2"))
        site.submit("run", line("a/b/c.sh", "v2"))
        site.settle()

    after = git(bare.path, "ls-tree", "-r", "main").splitlines()
    changed = [one for one in after if one not in before]
    assert [one.split()[0] for one in changed] == ["100755", "100644"]
    assert set(before) - set(after) == {one for one in before if "c.sh" in one}
    assert git(bare.path, "fsck", "--strict") == ""


def test_nothing_is_committed_when_no_byte_changes(site: Site, bare: Bare) -> None:
    site.submit("app", line(VALUES, "v2"))
    site.settle()
    tip = bare.tip()

    site.submit("app", line(VALUES, "v2"))
    (outcome,) = site.settle()

    assert (outcome.commit, outcome.error) == ("", None)
    assert bare.tip() == tip
    assert site.engine.git.started["push"] == 1


def test_applications_share_a_file(site: Site, bare: Bare) -> None:
    def adding(name: str) -> Edit:
        def edit(read: Read) -> Mapping[str, bytes | None]:
            return {VALUES: (read(VALUES) or b"") + f"{name}: v2\n".encode()}

        return edit

    for name in ("a", "b"):
        site.submit(name, adding(name))
    site.settle()

    assert bare.show(VALUES) == b"# ours\ntag: v1\na: v2\nb: v2\n"


def test_a_later_request_takes_the_place_of_an_earlier(site: Site, bare: Bare) -> None:
    site.submit("app", line(VALUES, "v2"))
    site.submit("app", line(VALUES, "v3"))

    assert len(site.settle()) == 1
    assert bare.show(VALUES) == b"# ours\ntag: v3\n"


def test_a_refused_edit_harms_no_other(site: Site, bare: Bare) -> None:
    def refuses(_: Read) -> Mapping[str, bytes | None]:
        raise InvalidInput("no key image.tag", where=VALUES)

    def fails(_: Read) -> Mapping[str, bytes | None]:
        raise KeyError("a mistake")

    site.submit("bad", refuses)
    site.submit("worse", fails)
    site.submit("escapes", line("../x", "v2"))
    site.submit("hooks", line(".git/hooks/post-commit", "v2"))
    site.submit("good", line(VALUES, "v2"))
    outcomes = {one.request.update.application: one for one in site.settle()}

    assert outcomes["good"].commit == bare.tip()
    assert str(outcomes["bad"].error) == "argocd/bad: values.yaml: no key image.tag"
    assert "a mistake of this program" in str(outcomes["worse"].error)
    assert all("not the path of a file" in str(outcomes[n].error) for n in ("escapes", "hooks"))


def test_what_is_no_file_is_not_written_through(tmp_path: Path) -> None:
    bare = Bare(tmp_path / "team.git", {VALUES: "tag: v1\n"})
    (bare.work / "link").symlink_to(VALUES)
    (bare.work / "folder").symlink_to(".")
    bare.commit("real/x", "1\n")

    with Site(tmp_path, bare.file_url) as site:
        for path in ("link", "folder/x", "real", f"{VALUES}/x"):
            site.submit(path, line(path, "v2"))
        errors = {str(one.error) for one in site.settle()}

    assert errors == {
        "argocd/link: link: a symbolic link, not a file; name the file itself",
        "argocd/folder/x: folder: a symbolic link, not a folder",
        "argocd/real: real: a folder, not a file; name the file itself",
        f"argocd/{VALUES}/x: {VALUES}: a file, not a folder",
    }


def test_a_rejected_push_is_applied_anew(site: Site, bare: Bare) -> None:
    """Ten times somebody else pushes between our fetch and our push."""
    set_tag = line(VALUES, "v2")
    numbers = iter(range(10))

    def edit(read: Read) -> Mapping[str, bytes | None]:
        made = set_tag(read)
        number = next(numbers, None)
        if number is not None:
            bare.commit("theirs.txt", f"{number}\n")
        return made

    site.submit("app", edit)
    (outcome,) = site.settle()

    assert outcome.error is None
    assert bare.log() == ["build: automatic update of app", *["other: theirs.txt"] * 10, "first"]
    assert bare.show(VALUES) == b"# ours\ntag: v2\n"
    assert bare.show("theirs.txt") == b"9\n"


def test_nothing_of_another_who_pushes_all_the_time_is_lost(site: Site, bare: Bare) -> None:
    def push(number: int) -> None:
        for _ in range(20):  # ours may be first: he too fetches and tries again
            try:
                bare.commit(f"theirs/{number}", f"{number}\n")
            except AssertionError:
                continue
            return
        raise AssertionError("never first")

    with Competitor(push, every_s=0.3) as other:
        for tag in range(2, 6):
            site.submit("app", line(VALUES, f"v{tag}"))
            site.settle()

    assert bare.show(VALUES) == b"# ours\ntag: v5\n"
    theirs = git(bare.path, "ls-tree", "--name-only", "main", "theirs/").split()
    assert len(theirs) == other.pushed
    assert bare.log().count("build: automatic update of app") == 4
    assert git(bare.path, "rev-list", "--merges", "main") == ""


def test_others_always_first_is_tried_again_later(tmp_path: Path, bare: Bare) -> None:
    bare.hook("update", 'echo "cannot lock ref" >&2; exit 1')
    limits = QUICK._replace(attempts=3, first_pause_s=0.01, first_retry_s=0.1)

    with Site(tmp_path, bare.file_url, options=Options(limits=limits)) as site:
        site.submit("app", line(VALUES, "v2"))
        outcome = site.failure()
        assert "others pushed first, 3 times in a row" in str(outcome.error)
        assert outcome.again_s
        (bare.path / "hooks/update").unlink()
        site.settle()

    assert bare.show(VALUES) == b"# ours\ntag: v2\n"


def test_a_protected_branch_says_what_to_do(site: Site, bare: Bare) -> None:
    bare.hook("pre-receive", 'echo "GH006: Protected branch update failed" >&2; exit 1')

    site.submit("app", line(VALUES, "v2"))
    outcome = site.failure()

    assert isinstance(outcome.error, GitRefused)
    assert "the branch may be protected" in str(outcome.error)
    assert "GH006: Protected branch update failed" in str(outcome.error)
    assert bare.log() == ["first"]


def test_another_branch_is_begun_at_the_base_and_gone_on_with(site: Site, bare: Bare) -> None:
    site.submit("app", line(VALUES, "v2"), write="images/app")
    (first,) = site.settle()
    bare.commit("more.txt", "by a reviewer\n", "images/app")
    site.submit("app", line(VALUES, "v3"), write="images/app")
    (second,) = site.settle()

    assert (first.branch, second.branch) == ("images/app", "images/app")
    assert bare.log() == ["first"]
    assert bare.log(branch="images/app")[1:] == [
        "other: more.txt",
        "build: automatic update of app",
        "first",
    ]
    assert bare.show(VALUES, "images/app") == b"# ours\ntag: v3\n"


def test_a_branch_that_is_merged_and_deleted_is_not_made_again(site: Site, bare: Bare) -> None:
    site.submit("app", line(VALUES, "v2"), write="images")
    site.settle()
    git(bare.path, "update-ref", "refs/heads/main", "refs/heads/images")
    git(bare.path, "branch", "-D", "images")

    site.submit("app", line(VALUES, "v2"), write="images")
    (outcome,) = site.settle()

    assert (outcome.commit, outcome.error) == ("", None)
    assert not bare.has("images")


def test_a_base_that_is_deleted_is_refused_and_not_made_again(site: Site, bare: Bare) -> None:
    bare.commit("x", "1\n", "main")
    git(bare.path, "branch", "release", "main")
    site.submit("app", line(VALUES, "v2"), base="release")
    site.settle()
    git(bare.path, "branch", "-D", "release")

    site.submit("app", line(VALUES, "v3"), base="release")
    outcome = site.failure()

    assert isinstance(outcome.error, GitRefused)
    assert "there is no such branch; name one that exists in git-branch" in str(outcome.error)
    assert not bare.has("release")


def test_a_branch_deleted_between_fetch_and_push_is_not_made_again(site: Site, bare: Bare) -> None:
    git(bare.path, "branch", "release", "main")

    def edit(read: Read) -> Mapping[str, bytes | None]:
        content = read(VALUES)
        if content and bare.has("release"):
            git(bare.path, "update-ref", "-d", "refs/heads/release")
        return {VALUES: b"tag: v2\n"}

    site.submit("app", edit, base="release")
    outcome = site.failure()

    assert isinstance(outcome.error, GitRefused)
    assert not bare.has("release")


def test_head_is_the_branch_that_the_remote_says(site: Site, bare: Bare) -> None:
    git(bare.path, "branch", "trunk", "main")
    git(bare.path, "symbolic-ref", "HEAD", "refs/heads/trunk")

    site.submit("app", line(VALUES, "v2"), base="")
    (outcome,) = site.settle()

    assert outcome.branch == "trunk"
    assert bare.show(VALUES, "trunk") == b"# ours\ntag: v2\n"
    assert bare.log() == ["first"]


def test_a_persons_revert_is_not_overruled_at_once(site: Site, bare: Bare) -> None:
    site.submit("app", line(VALUES, "v2"))
    site.settle()
    bare.commit(VALUES, "# ours\ntag: v1\n")

    site.submit("app", line(VALUES, "v2"))
    (outcome,) = site.settle()
    site.submit("app", line(VALUES, "v3"))
    (newer,) = site.settle()

    assert "a person who reverted it" in str(outcome.error)
    assert newer.commit == bare.tip()


def test_who_says_what_it_is_to_be_waits_for_no_loop_to_end(site: Site, bare: Bare) -> None:
    site.submit("app", line(VALUES, "v2"))
    site.settle()
    bare.commit(VALUES, "# ours\ntag: v1\n")

    site.submit("app", line(VALUES, "v2"), is_said=True)

    assert [one.commit for one in site.settle()] == [bare.tip()]
    assert bare.show(VALUES) == b"# ours\ntag: v2\n"


def test_no_more_commits_than_the_cap_and_the_next_waits(tmp_path: Path, bare: Bare) -> None:
    limits = QUICK._replace(commits=2, per_s=3600)

    with Site(tmp_path, bare.file_url, options=Options(limits=limits)) as site:
        for tag in ("v2", "v3"):
            site.submit("app", line(VALUES, tag))
            site.settle()
        site.submit("app", line(VALUES, "v4"))
        told = site.failure()

        assert "2 commits within 60 minutes are as many as may be" in str(told.error)
        assert told.again_s
        assert site.engine.waiting == 1
    assert len(bare.log()) == 3


def test_several_repositories_at_once(tmp_path: Path, bare: Bare) -> None:
    """One that hangs keeps no other from being written."""
    slow = Bare(tmp_path / "slow.git", {VALUES: "tag: v1\n"})
    gate = tmp_path / "gate"
    slow.hook("pre-receive", f"while ! test -e {gate}; do sleep 0.05; done")

    with Site(tmp_path, bare.file_url) as site:
        site.submit("slow", line(VALUES, "v2"), url=slow.file_url)
        site.submit("app", line(VALUES, "v2"))
        wait_for("the other is written", lambda: len(site.outcomes) == 1)
        assert slow.log() == ["first"]
        gate.touch()
        site.settle()

    assert slow.show(VALUES) == b"tag: v2\n"


def test_stopping_leaves_no_process_and_no_file(tmp_path: Path, bare: Bare) -> None:
    bare.hook("pre-receive", f"touch {tmp_path}/pushing; sleep 60")
    site = Site(tmp_path, bare.file_url)
    site.submit("app", line(VALUES, "v2"))
    wait_for("the push is under way", (tmp_path / "pushing").exists)

    began_s = time.monotonic()
    site.engine.stop(grace_s=0.2)

    assert time.monotonic() - began_s < 5
    assert not site.folder.exists()
    assert not [t for t in threading.enumerate() if t.name == "git"]
    wait_for("no git is left", lambda: not processes_of(site.folder))
    assert bare.log() == ["first"]


def test_no_hook_and_no_configuration_of_the_machine_is_used(tmp_path: Path, bare: Bare) -> None:
    marker = tmp_path / "ran"
    home = tmp_path / "home"
    (home / "hooks").mkdir(parents=True)
    for name in ("pre-push", "reference-transaction", "post-index-change"):
        (home / "hooks" / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (home / "hooks" / name).chmod(0o755)
    (home / ".gitconfig").write_text(
        f"[core]\nhooksPath={home}/hooks\n[user]\nname=machine\n[commit]\ngpgSign=true\n"
    )
    env = {"HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"), "GIT_DIR": "/nowhere"}

    with Site(tmp_path, bare.file_url, env=env) as site:
        site.submit("app", line(VALUES, "v2"))
        site.settle()

    assert bare.log("%an <%ae> %cn")[0] == (
        "argocd-image-updater <noreply@argoproj.io> argocd-image-updater"
    )
    assert not marker.exists()


def test_a_clone_does_not_grow_without_end(tmp_path: Path, bare: Bare, site: Site) -> None:
    """What it holds besides the branch is dropped, with all of it, and fetched anew."""
    site.submit("app", line(VALUES, "v2"))
    site.settle()
    (clone,) = site.folder.glob("*/clone.git")
    (clone / "objects" / "left-over").write_bytes(b"x" * (70 * 1024 * 1024))

    site.submit("app", line(VALUES, "v3"))
    site.settle()
    assert not clone.exists()
    site.submit("app", line(VALUES, "v4"))
    site.settle()

    assert bare.show(VALUES) == b"# ours\ntag: v4\n"
    site.engine.tidy(time.monotonic() + 10, idle_s=1)
    assert not list(site.folder.glob("*/clone.git"))


def test_signed_off_with_skip_ci(tmp_path: Path, bare: Bare) -> None:
    style = Style(Author("Bot", "bot@git.test"), skip_ci=True, sign_off=True)

    with Site(tmp_path, bare.file_url, options=Options(limits=QUICK, style=style)) as site:
        site.submit("app", line(VALUES, "v2"))
        site.settle()

    assert git(bare.path, "log", "-1", "--format=%an%n%B").strip() == (
        "Bot\nbuild: automatic update of app [skip ci]\n\n"
        "updates image team/app tag 'v1' to 'v2'\n\nSigned-off-by: Bot <bot@git.test>"
    )


def test_signed_with_ssh(tmp_path: Path, bare: Bare) -> None:
    key = tmp_path / "key"
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], tmp_path, measured=False)
    key.chmod(0o644)  # as a mounted Secret may be
    allowed = tmp_path / "allowed"
    allowed.write_text(f"noreply@argoproj.io {key.with_suffix('.pub').read_text()}")
    options = Options(limits=QUICK, signing=SigningKey("ssh", str(key)))

    with Site(tmp_path, bare.file_url, options=options) as site:
        site.submit("app", line(VALUES, "v2"))
        site.settle()

    git(bare.path, "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", "main")


def test_signed_with_gpg_and_no_agent_left(tmp_path: Path, bare: Bare) -> None:
    home = tmp_path / "gpg"
    home.mkdir(mode=0o700)
    env = {"GNUPGHOME": str(home)}
    made = ["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "Bot <bot@git.test>"]
    assert run(made, tmp_path, env, measured=False).returncode == 0
    export = ["gpg", "--batch", "--armor", "--export-secret-keys"]
    key = tmp_path / "key.asc"
    key.write_text(run(export, tmp_path, env, measured=False).stdout)
    options = Options(limits=QUICK, signing=SigningKey("openpgp", str(key)))

    with Site(tmp_path, bare.file_url, options=options) as site:
        site.submit("app", line(VALUES, "v2"))
        site.settle()

    verified = run(["git", "verify-commit", "main"], bare.path, env, measured=False)
    run(["gpgconf", "--kill", "all"], tmp_path, env, measured=False)
    assert verified.returncode == 0, verified.stderr
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert str(site.folder) not in listed.stdout


@pytest.mark.parametrize(
    ("method", "content", "complaint"),
    [
        pytest.param("openpgp", "no key", "GnuPG does not take it", id="no-key"),
        pytest.param("x509", "", "no way to sign", id="method"),
    ],
)
def test_a_signing_key_that_is_none_is_said_at_the_start(
    tmp_path: Path, bare: Bare, method: str, content: str, complaint: str
) -> None:
    key = tmp_path / "key"
    key.write_text(content)

    with pytest.raises(InvalidInput, match=complaint):
        Site(tmp_path, bare.file_url, options=Options(signing=SigningKey(method, str(key))))
