"""Three hundred Applications of one repository, written to Git on a real API server."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import refresher_for
from tests.e2e.test_scale import application
from tests.support.applications import API
from tests.support.argocd import ArgoCD
from tests.support.bare import Bare
from tests.support.git_server import GitServer
from tests.support.git_site import PASSWORD, USER, secret
from tests.support.images import push_image
from tests.support.redis import RedisServer
from tests.support.registry import RegistryServer
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

APPLICATIONS = 300
_WITHIN_S = 20
_METHOD = "argocd-image-updater.argoproj.io/write-back-method"


def test_one_commit_for_all(
    objects: ArgoCD, registry: RegistryServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    push_image(registry.url, "load/app", "1.0.0")
    bare = Bare(tmp_path / "git" / "team.git", {"README": "apps\n"})
    with (
        GitServer(tmp_path / "git", {USER: PASSWORD}) as server,
        refresher_for(objects, tmp_path, redis_server) as refresher,
        secret(
            objects,
            "repository-team",
            {"url": f"{server.url}/team.git", "username": USER, "password": PASSWORD},
            kind="repository",
        ),
    ):
        path = f"{API}/namespaces/{objects.namespace}/applications"
        for number in range(APPLICATIONS):
            objects.kubernetes.post(path, _application(number, registry.host, server.url))
        refresher.start()
        wait_for("all locks are written", lambda: _locks(bare) == APPLICATIONS, within_s=60)
        wait_for("it is known", lambda: refresher.log.count("written to Git") == APPLICATIONS)
        commits, asked = len(bare.log()), len(server.asked)
        began_s, cpu_s = time.monotonic(), refresher.cpu_s

        push_image(registry.url, "load/app", "1.1.0")

        wait_for("they are committed", lambda: _at(bare, "1.1.0") == APPLICATIONS)
        took_s = time.monotonic() - began_s
        wait_for("it is known", lambda: refresher.log.count("written to Git") == 2 * APPLICATIONS)
        requests, cpu_s = server.asked[asked:], refresher.cpu_s - cpu_s
        refresher.wait_for_pass()
        refresher.wait_for_pass()

    assert len(bare.log()) - commits <= 2  # windows
    packs = [one.path.rpartition("/")[2] for one in requests if one.method == "POST"]
    pushes = packs.count("git-receive-pack")
    assert pushes == len(bare.log()) - commits
    assert packs.count("git-upload-pack") <= 4 * pushes  # a fetch is two requests
    assert len(server.asked) == asked + len(requests)  # nothing more, once it is written
    assert took_s < _WITHIN_S
    print(  # noqa: T201 - figures for a person
        f"{APPLICATIONS} Applications: {took_s:.1f} s, {cpu_s:.1f} s CPU, "
        f"{pushes} pushes, {len(requests)} requests"
    )


def _application(number: int, host: str, git: str) -> dict[str, Any]:
    made = application(number, host)
    image = f"{host}/load/app"
    made["metadata"]["annotations"] |= {
        "argocd-image-updater.argoproj.io/image-list": f"app={image}:1.x",
        _METHOD: "git",
    }
    made["spec"]["source"]["repoURL"] = f"{git}/team.git"
    made["status"]["summary"]["images"] = [f"{image}:1.0.0"]
    return made


def _locks(bare: Bare) -> int:
    return len([one for one in bare.files() if ".image-lock-" in one])


def _at(bare: Bare, tag: str) -> int:
    """Return how many lock files have a tag."""
    return bare.count(f"app: {tag}")
