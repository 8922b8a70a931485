"""Deadlines and kills: one sentence or none, nothing on stdout, and nobody left."""

import signal
import sys
import time
from pathlib import Path

import pytest

from tests.support.cli import TOOLS, generate_command
from tests.support.sidecar import Process, Sidecar, are_gone, is_waiting, output
from tests.support.waiting import wait_for

pytestmark = pytest.mark.tools

SOON = {"CMP_RENDER_DEADLINE": "1500ms"}
PATHS = pytest.mark.parametrize("path", ["web", "app"])  # helm; and kustomize, which starts it


@pytest.fixture
def sidecar(tmp_path: Path, helm: Path, kustomize: Path) -> Sidecar:
    return Sidecar.create(tmp_path)


@PATHS
def test_a_tool_that_hangs_is_ended_with_all_it_started(sidecar: Sidecar, path: str) -> None:
    sidecar.hang()
    tool = {"web": "helm template", "app": "kustomize build"}[path]

    process = sidecar.start(sidecar.unpack("uuid") / path, SOON)
    printed, said = process.communicate(timeout=20)

    assert are_gone(sidecar.hanging())
    assert (process.returncode, printed) == (1, "")
    *notes, error = said.splitlines()
    assert all(note.startswith("note: ") for note in notes)
    assert error in {
        f"error: render: not done within 1.5 s: {tool} had run for {seconds} s; raise "
        "CMP_RENDER_DEADLINE, together with Argo CD's controller.repo.server.timeout.seconds"
        for seconds in (0, 1)
    }
    assert sidecar.left == []


def test_the_deadline_counts_from_the_start_of_the_process(sidecar: Sidecar) -> None:
    sidecar.hang()
    late = "import runpy, sys, time; time.sleep(1); sys.argv = ['cmp', 'render']; runpy.run_module"
    command = [sys.executable, "-I", "-c", f"{late}('cmp', run_name='__main__')"]

    began = time.monotonic()
    process = sidecar.start(sidecar.unpack("uuid") / "web", SOON, command)
    _, said = process.communicate(timeout=20)
    took = time.monotonic() - began

    assert "had run for 0 s" in said
    assert 1.4 < took < 2.3


@pytest.mark.parametrize("number", [2, 3], ids=["next", "after-the-next"])
def test_one_that_waits_until_its_deadline_says_for_what(sidecar: Sidecar, number: int) -> None:
    """The next one looks for a slot, those after it stand at the gate."""
    sidecar.hang()
    folder = sidecar.unpack("uuid") / "web"
    one = {"CMP_RENDER_CONCURRENCY": "1"}
    others = [sidecar.start(folder, one)]
    sidecar.hanging()
    if number == 3:
        others.append(sidecar.start(folder, one))
        time.sleep(0.5)

    process = sidecar.start(folder, one | SOON)
    printed, said = process.communicate(timeout=20)
    for other in others:
        sidecar.kill_as_argo_cd(other)

    assert (process.returncode, printed) == (1, "")
    assert "error: render: not done within 1.5 s: it had waited 1 s for one of 1 slots; " in said
    assert "raise CMP_RENDER_CONCURRENCY where the sidecar has cores and memory for more" in said


@PATHS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_quietly(sidecar: Sidecar, path: str, number: signal.Signals) -> None:
    sidecar.hang()
    checkout = sidecar.unpack("uuid").rename(sidecar.root / "checkout")
    temporary = sidecar.root / "temporary"
    temporary.mkdir()
    process = sidecar.start(checkout / path, {"TMPDIR": str(temporary)})
    pids = sidecar.hanging()

    process.send_signal(number)
    printed, said = process.communicate(timeout=20)

    assert are_gone(pids)
    assert (process.returncode, printed) == (128 + number, "")
    assert [line for line in said.splitlines() if not line.startswith("note: ")] == []
    assert [list(place.iterdir()) for place in temporary.iterdir()] in ([], [[]])


def test_one_that_waits_ends_too(sidecar: Sidecar) -> None:
    sidecar.hang()
    folder = sidecar.unpack("uuid") / "web"
    holder, second, third = (_waits(sidecar, folder, number) for number in range(3))

    third.terminate()
    second.terminate()
    for process in (third, second):
        printed, _ = process.communicate(timeout=20)
        assert (process.returncode, printed) == (128 + signal.SIGTERM, "")
    sidecar.kill_as_argo_cd(holder)


def _waits(sidecar: Sidecar, folder: Path, number: int) -> Process:
    process = sidecar.start(folder, {"CMP_RENDER_CONCURRENCY": "1"})
    if number == 0:
        sidecar.hanging()
    elif number == 1:
        time.sleep(0.5)
    else:
        wait_for("it waits", lambda: is_waiting(process))
    return process


def test_what_a_killed_render_leaves_is_removed_by_the_next(sidecar: Sidecar) -> None:
    """Not while a tool of its still works there, and nothing that is not of a render."""
    sidecar.hang()
    folder = sidecar.unpack("uuid")
    killed = sidecar.start(folder / "app")
    pids = sidecar.hanging()
    killed.kill()
    killed.communicate()
    sidecar.helm(f'exec {TOOLS}/helm "$@"')
    (sidecar.place / "other").mkdir()

    sidecar.rendered(folder / "web")
    assert len(sidecar.left) == 2  # kustomize and helm are still there
    sidecar.kill_as_argo_cd(killed)
    wait_for("they are gone", lambda: are_gone(pids))
    (run,) = sidecar.place.glob("run-*")
    (run / "deep").mkdir()
    (run / "deep" / "file").touch()
    (run / "deep").chmod(0o500)
    sidecar.rendered(folder / "web")

    assert sidecar.left == ["other"]


def test_a_signal_that_is_ignored_stays_so(sidecar: Sidecar) -> None:
    """As nohup has it."""
    sidecar.helm(f'kill -HUP $PPID; exec {TOOLS}/helm "$@"')
    ignoring = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *generate_command()]

    process = sidecar.start(sidecar.unpack("uuid") / "web", command=ignoring)
    assert output(process)


def test_signals_at_any_moment_leave_nothing(sidecar: Sidecar) -> None:
    """Of a render of a tenth of a second, one is ended in every few milliseconds of it."""
    folder = sidecar.unpack("uuid") / "app"
    whole = sidecar.rendered(folder)
    for step in range(40):
        process = sidecar.start(folder)
        time.sleep(0.02 + step * 0.005)
        process.terminate()
        printed, said = process.communicate(timeout=20)

        assert process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM), said
        assert printed == whole or (printed == "" and process.returncode)
        assert "Traceback" not in said
        assert sidecar.left == []
