"""Programs that print a credential: real ones, good and bad."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from cmp.errors import CmpError, EdgeFailed, InvalidInput
from cmp.registry.auth.base import Credential, Issued
from cmp.registry.auth.ext import issue

PASSWORD = "s3cret-Pa55"
AT_ONCE_S = 5  # far less than any of the programs would go on, and enough for a loaded machine

Program = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Write a script and return its path."""

    def write(body: str) -> str:
        path = tmp_path / "login.sh"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return write


def is_running(pid: int) -> bool:
    """Tell whether there is such a process; one that only waits to be asked for is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def ends(pid: int) -> bool:
    until_s = time.monotonic() + AT_ONCE_S
    while is_running(pid) and time.monotonic() < until_s:
        time.sleep(0.01)
    return not is_running(pid)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("echo robot:s3cret-Pa55", Credential("robot", PASSWORD), id="line"),
        pytest.param("printf robot:s3cret-Pa55", Credential("robot", PASSWORD), id="no-line-end"),
        pytest.param(r"printf 'robot:a\r\n'", Credential("robot", "a"), id="windows-line-end"),
        pytest.param("echo robot:a:b", Credential("robot", "a:b"), id="colon-in-password"),
        pytest.param("echo robot:a; echo more", Credential("robot", "a"), id="first-line"),
        pytest.param("echo oops >&2; echo robot:a", Credential("robot", "a"), id="stderr"),
        pytest.param("head -c 1000000 /dev/zero >&2; echo u:p", Credential("u", "p"), id="loud"),
        pytest.param("cat; echo u:p", Credential("u", "p"), id="stdin-is-empty"),
        pytest.param('echo "u:$#"', Credential("u", "0"), id="no-arguments"),
        pytest.param("echo u:p; exec >&-; sleep 0.2", Credential("u", "p"), id="closes-first"),
        pytest.param("sleep 0.2; echo u:p", Credential("u", "p"), id="a-little-slow"),
    ],
)
def test_what_it_prints(program: Program, body: str, expected: Credential) -> None:
    assert issue(program(body), {"PATH": os.defpath}) == Issued(expected)


def test_it_has_the_environment_it_is_given(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER", "here")

    issued = issue(program('echo "$WHO:${OTHER-gone}"'), {"WHO": "robot", "PATH": "/bin"})

    assert issued == Issued(Credential("robot", "gone"))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("echo s3cret-Pa55", id="no-colon"),
        pytest.param("echo :s3cret-Pa55", id="no-user"),
        pytest.param("echo s3cret-Pa55:", id="no-password"),
        pytest.param("echo; echo robot:s3cret-Pa55", id="empty-first-line"),
        pytest.param(r"printf 'robot:s3cret-Pa55\377\n'", id="not-utf-8"),
        pytest.param(r"""echo '{"Secret": "s3cret-Pa55"}' | tr -d :""", id="json"),
    ],
)
def test_what_is_no_credential_is_refused_and_not_told(program: Program, body: str) -> None:
    path = program(body)

    with pytest.raises(InvalidInput) as caught:
        issue(path, {"PATH": os.defpath})

    assert str(caught.value) == f"ext:{path}: the first line it prints is not user:password"


def test_its_failure_is_told_without_its_messages(program: Program) -> None:
    path = program("echo robot:s3cret-Pa55; echo denied for s3cret-Pa55 >&2; exit 3")

    with pytest.raises(EdgeFailed) as caught:
        issue(path, {})

    assert str(caught.value) == (
        f"ext:{path}: exit status 3; its messages are not shown, for they may hold secrets: "
        "run it by hand to see them"
    )


def test_a_signal_is_told(program: Program) -> None:
    path = program("kill -9 $$")

    with pytest.raises(EdgeFailed) as caught:
        issue(path, {})

    assert str(caught.value) == f"ext:{path}: it was ended by signal 9"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("echo $$ >pid; exec sleep 60", id="slow"),
        pytest.param("echo $$ >pid; trap '' TERM; while :; do sleep 1; done", id="deaf"),
        pytest.param("echo u:p; sleep 60 & echo $! >pid; wait", id="waits-for-a-child"),
        pytest.param("echo u:p; sleep 60 & echo $! >pid", id="leaves-a-child-behind"),
        pytest.param("echo u:p; echo $$ >pid; exec >&-; exec sleep 60", id="prints-and-goes-on"),
        pytest.param("echo $$ >pid; while :; do echo; sleep 0.1; done", id="drips"),
    ],
)
def test_it_and_all_it_started_end_in_time(program: Program, tmp_path: Path, body: str) -> None:
    path = program(f"cd {tmp_path}\n{body}")
    began_s = time.monotonic()

    with pytest.raises(EdgeFailed) as caught:
        issue(path, {"PATH": os.defpath}, timeout_s=1)

    assert str(caught.value) == (f"ext:{path}: it, or something it started, was not done after 1 s")
    assert 1 <= time.monotonic() - began_s < AT_ONCE_S
    assert ends(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("head -c 10000000 /dev/zero; sleep 60", id="ten-million-bytes"),
        pytest.param("yes", id="no-end"),
        pytest.param("yes & wait", id="no-end-from-a-child"),
    ],
)
def test_it_may_not_print_much(program: Program, body: str) -> None:
    path = program(body)
    began_s = time.monotonic()

    with pytest.raises(InvalidInput) as caught:
        issue(path, {"PATH": os.defpath})

    assert str(caught.value) == (
        f"ext:{path}: it prints more than 65536 bytes; print user:password alone"
    )
    assert time.monotonic() - began_s < AT_ONCE_S


NOT_STARTED = (
    "it has to be there, be executable and, as a script, "
    "begin with #! and an interpreter that is there"
)


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    assert_not_started(tmp_path / "missing", "No such file or directory")


def test_a_program_that_is_a_folder(tmp_path: Path) -> None:
    assert_not_started(tmp_path, "Permission denied")


def test_a_program_that_may_not_be_executed(program: Program) -> None:
    path = Path(program("echo u:p"))
    path.chmod(0o644)

    assert_not_started(path, "Permission denied")


def test_a_script_without_an_interpreter(tmp_path: Path) -> None:
    path = tmp_path / "login"
    path.write_text("echo u:p\n")
    path.chmod(0o755)

    assert_not_started(path, "Exec format error")


def test_a_script_whose_interpreter_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "login"
    path.write_text("#!/nowhere/sh\necho u:p\n")
    path.chmod(0o755)

    assert_not_started(path, "No such file or directory")


def test_a_program_that_is_being_written_may_be_tried_again(program: Program) -> None:
    path = program("echo u:p")

    with Path(path).open("a"), pytest.raises(EdgeFailed) as caught:
        issue(path, {})

    assert str(caught.value) == f"ext:{path}: it could not be started: Text file busy"
    assert issue(path, {}) == Issued(Credential("u", "p"))


def assert_not_started(path: Path, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        issue(str(path), {})

    assert str(caught.value) == f"ext:{path}: it could not be started: {reason}; {NOT_STARTED}"


@pytest.mark.parametrize("path", ["", "login.sh", "./login.sh", "../bin/true"])
def test_a_relative_path_is_refused(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    program("echo u:p")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(InvalidInput) as caught:
        issue(path, {"PATH": f"{tmp_path}:/bin"})

    assert str(caught.value) == f"ext:{path}: the path has to be absolute; write ext:/<path>"


@pytest.mark.parametrize("body", ["echo u:p", "yes", "exit 1", "exec >&-; sleep 60"])
def test_no_file_stays_open(program: Program, body: str) -> None:
    path = program(body)
    before = len(os.listdir("/dev/fd"))

    with suppress(CmpError):
        issue(path, {"PATH": os.defpath}, timeout_s=0.2)

    assert len(os.listdir("/dev/fd")) == before
