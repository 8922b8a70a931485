"""How many render at once, in which order, and what is left of those that are killed."""

import os
import re
from functools import partial
from itertools import accumulate
from pathlib import Path

import pytest

from tests.support.cli import TOOLS
from tests.support.sidecar import Process, Sidecar, has_lock, is_waiting, output
from tests.support.waiting import wait_for

pytestmark = pytest.mark.tools

ONE = {"CMP_RENDER_CONCURRENCY": "1"}


@pytest.fixture
def sidecar(tmp_path: Path, helm: Path, kustomize: Path) -> Sidecar:
    return Sidecar.create(tmp_path)


def test_fifty_at_once_are_rendered_two_at_a_time(sidecar: Sidecar) -> None:
    """The stand-in writes down when it starts the real helm, and when that has ended."""
    log = sidecar.root / "log"
    sidecar.helm(f'echo 1 >> {log}; {TOOLS}/helm "$@"; s=$?; echo -1 >> {log}; exit $s')
    folders = [sidecar.unpack(f"uuid-{number}") for number in range(50)]
    env = {"CMP_RENDER_CONCURRENCY": "2"}

    started = [
        sidecar.start(folder / ("app" if number % 5 == 0 else "web"), env)
        for number, folder in enumerate(folders)
    ]
    outputs = [output(process) for process in started]

    assert len(set(outputs[::5])) == 1
    assert len({output for number, output in enumerate(outputs) if number % 5}) == 1
    assert max(accumulate(map(int, log.read_text().split()))) == 2
    assert sidecar.left == []


def test_they_go_in_order_of_arrival(sidecar: Sidecar) -> None:
    log, gate = sidecar.root / "log", sidecar.root / "open"
    until_open = f"while [ ! -e {gate} ]; do sleep 0.02; done"
    sidecar.helm(f'echo "$4" >> {log}; {until_open}; exec {TOOLS}/helm "$@"')
    folder = sidecar.unpack("uuid") / "web"
    started = []
    for number in range(8):
        process = sidecar.start(folder, ONE | {"ARGOCD_APP_NAME": f"app{number}"})
        # The first renders, the second has the gate and looks for a slot, the others wait.
        is_there = has_lock if number < 2 else is_waiting
        wait_for("it is in its place", partial(is_there, process))
        started.append(process)

    gate.touch()
    for process in started:
        output(process)

    assert log.read_text().split() == [f"app{number}" for number in range(8)]


def test_a_render_that_waits_is_small(sidecar: Sidecar) -> None:
    sidecar.hang()
    folder = sidecar.unpack("uuid")
    holder = sidecar.start(folder / "web", ONE)
    sidecar.hanging()
    waiting = [sidecar.start(folder / "app", ONE) for _ in range(2)]
    wait_for("one waits", lambda: any(map(is_waiting, waiting)))

    peaks = [_peak_kib(process) for process in waiting if is_waiting(process)]
    for process in (holder, *waiting):
        sidecar.kill_as_argo_cd(process)

    assert max(peaks) < 24 * 1024


def _peak_kib(process: Process) -> int:
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    assert found
    return int(found[1])


def test_a_slot_is_held_until_the_tools_are_gone_too(sidecar: Sidecar) -> None:
    """Of a render that is killed alone, helm runs on: it counts, until it is killed as well."""
    sidecar.hang()
    folder = sidecar.unpack("uuid") / "web"
    killed = sidecar.start(folder, ONE)
    sidecar.hanging()
    killed.kill()
    killed.communicate()
    sidecar.helm(f'exec {TOOLS}/helm "$@"')
    following = sidecar.start(folder, ONE)
    wait_for("it has the gate", partial(has_lock, following))
    assert following.poll() is None

    sidecar.kill_as_argo_cd(killed)

    output(following)


def test_in_a_sidecar_there_are_as_many_as_cores(sidecar: Sidecar) -> None:
    """Here no limit of a cgroup is below that."""
    core = min(os.sched_getaffinity(0))
    folder = sidecar.unpack("uuid") / "web"

    sidecar.rendered(folder)
    found = len(list(sidecar.place.glob("slot-*")))
    assert 1 <= found <= len(os.sched_getaffinity(0))
    for slot in sidecar.place.glob("slot-*"):
        slot.unlink()

    os.sched_setaffinity(0, {core})
    try:
        one = sidecar.start(folder)
    finally:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    output(one)
    assert len(list(sidecar.place.glob("slot-*"))) == 1


@pytest.mark.parametrize(("env", "slots"), [({}, []), (ONE, ["slot-0"])], ids=["unset", "set"])
def test_a_person_waits_only_where_that_is_asked(
    sidecar: Sidecar, env: dict[str, str], slots: list[str]
) -> None:
    checkout = sidecar.unpack("uuid").rename(sidecar.root / "checkout")
    temporary = sidecar.root / "temporary"
    temporary.mkdir()

    sidecar.rendered(checkout / "web", env | {"TMPDIR": str(temporary)})

    assert [path.name for path in temporary.rglob("slot-*")] == slots


def test_what_somebody_else_put_there_is_not_used(sidecar: Sidecar) -> None:
    checkout = sidecar.unpack("uuid").rename(sidecar.root / "checkout")
    elsewhere = sidecar.root / "elsewhere"
    elsewhere.mkdir()
    (sidecar.root / f"image-cmp-{os.getuid()}").symlink_to(elsewhere)

    process = sidecar.start(checkout / "app", {"TMPDIR": str(sidecar.root)})
    printed, said = process.communicate(timeout=60)

    assert (process.returncode, printed) == (1, "")
    assert "is not a folder of ours; remove it, or set TMPDIR to another" in said
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        pytest.param("CONCURRENCY", "0", "not a number of renders: '0'", id="none"),
        pytest.param("CONCURRENCY", "two", "not a number of renders: 'two'", id="word"),
        pytest.param("CONCURRENCY", "1" * 5000, "not a number of renders: '1111", id="long"),
        pytest.param("DEADLINE", "50", "not a duration: '50'; write 90s", id="unit"),
        pytest.param("DEADLINE", "0s", "'0s' is no time to render in", id="no-time"),
    ],
)
def test_a_setting_that_cannot_be_read(
    sidecar: Sidecar, name: str, value: str, complaint: str
) -> None:
    process = sidecar.start(sidecar.unpack("uuid") / "web", {f"CMP_RENDER_{name}": value})
    printed, said = process.communicate(timeout=60)

    assert (process.returncode, printed) == (2, "")
    assert f"error: CMP_RENDER_{name}: {complaint}" in said
    assert len(said) < 500
