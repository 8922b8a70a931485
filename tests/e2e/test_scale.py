"""Two thousand Applications of two hundred repositories, on a real API server."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cmp.core.keys import PREFIX
from tests.e2e.conftest import refresher_for
from tests.support.api_proxy import ApiProxy
from tests.support.applications import API, REFRESH
from tests.support.argocd import ArgoCD
from tests.support.images import push_image
from tests.support.redis import RedisServer
from tests.support.refresher import Refresher
from tests.support.registry import RegistryServer
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

APPLICATIONS, REPOSITORIES = 2000, 200
_MOST_BYTES = 300 * 1024 * 1024
_ONE = "scale/r7"
THEIRS = {f"app-{number}" for number in range(7, APPLICATIONS, REPOSITORIES)}


def application(number: int, host: str) -> dict[str, Any]:
    """Return an Application that Argo CD has synced, with an owner's usual lines."""
    image = f"{host}/scale/r{number % REPOSITORIES}"
    keys = {"image-list": f"app={image}:1.x", "app.update-strategy": "semver"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": f"app-{number}",
            "annotations": {f"{PREFIX}{key}": value for key, value in keys.items()},
        },
        "spec": {
            "project": "default",
            "source": {
                "repoURL": "https://git.test/team/apps.git",
                "path": f"apps/app-{number}",
                "targetRevision": "main",
                "plugin": {"name": "image-cmp"},
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "apps"},
        },
        "status": {
            "reconciledAt": "2026-01-01T00:00:00Z",
            "sync": {
                "status": "Synced",
                "comparedTo": {"source": {"repoURL": ""}, "destination": {}},
            },
            "summary": {"images": [f"{image}:1.0.0"]},
        },
    }


def refreshed(argocd: ArgoCD) -> set[str]:
    """Return the Applications that Argo CD is asked to refresh."""
    found = argocd.kubernetes.get(f"{API}/namespaces/{argocd.namespace}/applications")["items"]
    return {a["metadata"]["name"] for a in found if REFRESH in a["metadata"].get("annotations", {})}


def test_two_thousand_applications(
    objects: ArgoCD, registry: RegistryServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(4) as threads:
        names = [f"scale/r{number}" for number in range(REPOSITORIES)]
        list(threads.map(partial(push_image, registry.url, tag="1.0.0"), names))
    path = f"{API}/namespaces/{objects.namespace}/applications"
    with (
        ApiProxy(objects.kubernetes.url, objects.kubernetes.ca) as proxy,
        refresher_for(objects, tmp_path, redis_server) as refresher,
    ):
        for number in range(APPLICATIONS):
            objects.kubernetes.post(path, application(number, registry.host))
        refresher.url, refresher.standby = proxy.url, None
        _measure(objects, registry, refresher, proxy)


def _measure(
    objects: ArgoCD, registry: RegistryServer, refresher: Refresher, proxy: ApiProxy
) -> None:
    began = time.monotonic()
    refresher.start("--interval", "5s")
    wait_for("a pass", lambda: refresher.log.count("msg=refreshed") >= 1, within_s=120)
    _say("start-up", refresher, proxy, time.monotonic() - began)
    assert f"applications={APPLICATIONS} images={APPLICATIONS}" in refresher.log

    cpu_s, requests = refresher.cpu_s, len(proxy.requests)
    refresher.wait_for_pass()
    refresher.wait_for_pass()
    listed = [r for r in proxy.requests[requests:] if "/leases/" not in r.path]
    assert len(listed) <= 4, [r.path for r in listed]  # registries.conf, once a pass
    _print(f"steady: {(refresher.cpu_s - cpu_s) / 2:.2f} s CPU a pass")
    assert refreshed(objects) == set()

    push_image(registry.url, _ONE, "1.1.0")
    wait_for("they are told", lambda: refreshed(objects) == THEIRS, within_s=60)
    refresher.wait_for_pass()
    _say("one push", refresher, proxy, time.monotonic() - began)

    assert refreshed(objects) == THEIRS
    assert refresher.peak_memory < _MOST_BYTES


def _say(what: str, refresher: Refresher, proxy: ApiProxy, wall_s: float) -> None:
    _print(
        f"{what}: {wall_s:.1f} s, {refresher.cpu_s:.1f} s CPU, "
        f"{refresher.peak_memory / 2**20:.0f} MiB, {len(proxy.requests)} API requests so far"
    )


def _print(figures: str) -> None:
    """Show figures to whoever runs this with ``pytest -s``."""
    print(figures)  # noqa: T201 - figures for a person
