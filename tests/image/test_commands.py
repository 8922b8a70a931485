"""Our commands in the image: as user 999, with a read-only root, without a network for a render."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from docker.models.containers import Container

from cmp import __version__
from cmp.index import Manifest
from cmp.index.file import FileIndex
from cmp.index.redis import RedisIndex
from release.container import Cell, Done
from tests.index.examples import NOW, record, snapshot
from tests.support.cli import PROJECT
from tests.support.guestbook import Guestbook, images
from tests.support.redis import RedisServer
from tests.support.registry import RegistryServer
from tests.support.waiting import wait_for

pytestmark = pytest.mark.image

VALUES = [{"name": "helm.valueFiles", "array": ["values.yaml"]}]
TARGETS = {
    "guestbook.helm.image-name": "frontend.image.repository",
    "guestbook.helm.image-tag": "frontend.image.tag",
}


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer, helm: Path) -> Guestbook:
    return Guestbook.create(tmp_path, registry)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that a container may write to: a volume of the Pod."""
    folder = tmp_path / "volume"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


class Source(NamedTuple):
    """A source of the guestbook's."""

    path: str
    parameters: list[dict[str, Any]]


def _generated(cell: Cell, guestbook: Guestbook, index: Path, source: Source) -> Done:
    """Generate as argocd-cmp-server does in the sidecar, which has no network here."""
    env = guestbook.environment(path=source.path, parameters=source.parameters)
    sidecar = replace(
        cell,
        entrypoint=tuple(_plugin(cell)["spec"]["generate"]["command"]),
        env={**env, "CMP_INDEX": "file:///index"},
        mounts={guestbook.repository: "/repository:ro", index: "/index:ro", **cell.mounts},
        workdir=f"/repository/{source.path}",
    )
    return sidecar.run()


def _plugin(cell: Cell) -> Any:
    """Return what argocd-cmp-server reads in the image."""
    script = (
        "import json, yaml\n"
        "print(json.dumps(yaml.safe_load(open('/home/argocd/cmp-server/config/plugin.yaml'))))"
    )
    return json.loads(replace(cell, entrypoint=("python3", "-I", "-c")).run(script).stdout)


def _processes(container: Container) -> list[tuple[int, str]]:
    """Return number and name of each process in there, the dead that nobody buried too."""
    script = (
        "import glob\n"
        "for file in glob.glob('/proc/[0-9]*/stat'):\n"
        "    number, _, rest = open(file).read().partition(' (')\n"
        "    print(number, rest.rpartition(') ')[0])"
    )
    answer = container.exec_run(["python3", "-I", "-c", script]).output
    assert isinstance(answer, bytes)
    return [(int(n), name) for n, name in map(str.split, answer.decode().splitlines())]


def test_it_says_its_version(cell: Cell) -> None:
    assert cell.run("--version") == Done(0, f"argocd-image-cmp {__version__}\n", "")


def test_without_a_command_it_says_what_there_is(cell: Cell) -> None:
    done = cell.run()

    assert done.status == 0
    assert "refresh" in done.stdout


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(Source("helm", VALUES), id="helm"),
        pytest.param(Source("kustomize", []), id="kustomize"),
    ],
)
def test_what_refresh_publishes_is_rendered_without_a_network(
    cell: Cell, guestbook: Guestbook, folder: Path, copied_tools: dict[Path, str], source: Source
) -> None:
    guestbook.push("v1", "v2")
    keys = {"image-list": f"guestbook={guestbook.image}", **TARGETS}
    guestbook.application(keys, **source._asdict())
    applications = {guestbook.root / "applications": "/applications:ro"}
    refresher = replace(cell, network="host", mounts={folder: "/volume:rw", **applications})
    files = ("--applications", "/applications", "--store", "file:///volume/index")
    sidecar = replace(cell, mounts=copied_tools)

    refreshed = refresher.run("refresh", "--once", *files)
    rendered = _generated(sidecar, guestbook, folder / "index", source)

    assert refreshed.status == 0, refreshed.stderr
    assert (rendered.status, rendered.stderr) == (0, "")
    assert f"{guestbook.image}:v2" in images(rendered.stdout).values()
    index_url = f"file://{folder}/index"
    here = guestbook.generate(**source._asdict(), CMP_INDEX=index_url)
    assert rendered.stdout == here.stdout


def test_mirror_copies_a_redis_and_ends_when_it_is_told_to(
    cell: Cell, redis_server: RedisServer, folder: Path
) -> None:
    redis_server.flush()
    store = RedisIndex(redis_server.url, redis_server.environment(tls=False))
    store.put_snapshot(replace(snapshot("v1"), generation=1))
    store.put_application(record(tag="v1")._replace(generation=1))
    store.put_manifest(Manifest("e", 1, NOW, complete=True))
    beside = replace(
        cell,
        network="host",
        env={"CMP_STORE": redis_server.url, **redis_server.environment(tls=False)},
        mounts={folder: "/volume:rw"},
    )

    with beside.started("mirror", "--to", "/volume/index", "--pod", "repo-server-1") as container:
        wait_for("the mirror has it", lambda: list(store.mirrors()))
        container.stop(timeout=10)
        status = container.wait()["StatusCode"]

    manifest = FileIndex(f"file://{folder}/index").manifest()
    assert manifest
    assert manifest.complete
    assert status == 0, "killed, not ended"


def test_doctor_says_that_a_registry_answers(cell: Cell, guestbook: Guestbook) -> None:
    guestbook.push("v1")

    done = replace(cell, network="host").run("doctor", f"{guestbook.image}:v1")

    assert done.status == 0, done.stdout
    assert "v1" in done.stdout


def test_the_sidecar_waits_becomes_its_server_and_buries_the_dead(cell: Cell, folder: Path) -> None:
    FileIndex(f"file://{folder}").put_manifest(Manifest("e", 1, NOW, complete=True))
    # Whoever is killed leaves children, and argocd-cmp-server does not look after them.
    server = "(sleep 0.2 &) ; exec tail -f /dev/null"
    sidecar = replace(cell, mounts={folder: "/index:ro"}, env={"CMP_INDEX": "file:///index"})

    with sidecar.started("wait", "--", "sh", "-c", server) as container:

        def are_only_those_that_live() -> bool:
            names = [name for _, name in _processes(container)]
            return "tail" in names and "sleep" not in names

        wait_for("the child is gone, buried too", are_only_those_that_live)
        assert (1, "tini") in _processes(container)


def test_argo_cds_server_takes_the_plugin_that_the_image_holds(
    cell: Cell, tool: Callable[[str], Path], folder: Path
) -> None:
    store, sockets = folder / "index", folder / "sockets"
    FileIndex(f"file://{store}").put_manifest(Manifest("e", 1, NOW, complete=True))
    sockets.mkdir()
    sockets.chmod(0o777)
    server = tool("argocd-cmp-server").resolve()
    sidecar = replace(
        cell,
        env={"CMP_INDEX": "file:///index"},
        mounts={
            store: "/index:ro",
            sockets: "/home/argocd/cmp-server/plugins:rw",
            server: "/var/run/argocd/argocd-cmp-server:ro",
        },
    )

    with sidecar.started("wait", "--", "/var/run/argocd/argocd-cmp-server"):
        socket = sockets / "image-cmp.sock"
        wait_for("it listens", socket.is_socket)


def _shipped() -> list[Any]:
    """Return each command that the manifests have the image start."""
    found = []
    for file in sorted(PROJECT.glob("kustomize/**/*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if not isinstance(document, dict) or "template" not in document.get("spec", {}):
                continue
            pod = document["spec"]["template"].get("spec", {})
            found += [
                pytest.param(container["command"], id=container["name"])
                for container in (*pod.get("initContainers", ()), *pod.get("containers", ()))
                if container.get("image", "").startswith("argocd-image-cmp:")
            ]
    return found


@pytest.mark.parametrize("command", _shipped())
def test_the_image_has_what_the_manifests_start(cell: Cell, command: list[str]) -> None:
    ours = command.index("cmp") + 2

    done = replace(cell, entrypoint=(*command[:ours], "--help")).run()

    assert done.status == 0, done.stderr
    assert f"python -m cmp {command[ours - 1]}" in done.stdout


_SIGNED = """
set -eu
cd /tmp && git init --quiet work && cd work
git config user.name t && git config user.email t@registry.test
ssh-keygen -q -t ed25519 -N '' -f /tmp/key
git -c gpg.format=ssh -c user.signingKey=/tmp/key commit --quiet --allow-empty -S -m ssh
export GNUPGHOME=/tmp/gpg && mkdir -m 700 $GNUPGHOME
gpg --batch --quiet --passphrase '' --quick-generate-key 't <t@registry.test>' ed25519 sign never
git commit --quiet --allow-empty -S -m gpg
git cat-file commit HEAD | grep -q 'BEGIN PGP SIGNATURE'
git cat-file commit HEAD^ | grep -q 'BEGIN SSH SIGNATURE'
ssh -G git.test >/dev/null
git ls-remote file:///tmp/work HEAD | grep -q HEAD
"""


def test_git_signs_and_ssh_knows_its_user(cell: Cell) -> None:
    done = replace(cell, entrypoint=("sh", "-c")).run(_SIGNED)

    assert done.status == 0, done.stderr


def test_the_shipped_plugin_starts_what_the_image_has(cell: Cell) -> None:
    command = _plugin(cell)["spec"]["parameters"]["dynamic"]["command"]

    done = replace(cell, entrypoint=tuple(command), env={"ARGOCD_APP_NAME": "x"}).run()

    assert done.status == 0, done.stderr
    assert json.loads(done.stdout)
