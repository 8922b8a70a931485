"""The flow of the ACK GitOps guide, to the letter: what its readers have goes on as it is."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from tests.support.applications import Application
from tests.support.faults import FaultyRegistry
from tests.support.git_site import PASSWORD, USER, GitSite, secret
from tests.support.images import push_image
from tests.support.registry import RegistryServer
from tests.support.scene import Scene
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WITHIN_S = 40
HELM = {"helm": {"valueFiles": ["values.yaml"]}}
ROBOT, PASS = "acr-robot", "Pa55-of-acr"
REGISTRY_SECRET = "registry-credentials"
"""The one Secret that kustomize/pull-secrets lets the refresher read, as it stands."""
CONFIG = "argocd-image-updater-config"
SOURCE_FILE = """\
helm:
  parameters:
  - name: frontend.image.repository
    value: {}
    forcestring: true
  - name: frontend.image.tag
    value: {}
    forcestring: true
"""


class Guide:
    """A guestbook whose registry asks for a password, and what the guide has its readers write."""

    def __init__(self, scene: Scene, registry: FaultyRegistry) -> None:
        self.scene = scene
        self.registry = registry
        book = scene.guestbook
        self.image = f"{registry.host}/{book.namespace}/app"
        for file in book.repository.rglob("*.yaml"):
            file.write_text(file.read_text().replace(book.registry.host, registry.host))

    def configured(self, **entry: str) -> dict[str, str]:
        """Return the ConfigMap's data, with one registry."""
        own = {"name": "acr", "prefix": self.registry.host, "api_url": self.registry.url, **entry}
        return {"registries.conf": yaml.safe_dump({"registries": [own]})}

    def create(self, name: str, keys: Mapping[str, str], image: str = "") -> Application:
        """Create an Application as the guide has it, with other keys besides."""
        return self.scene.create(
            f"guestbook={image or self.image}",
            name=f"{self.scene.guestbook.namespace}-{name}",
            keys=keys,
            native=HELM,
        )

    def runs(self, app: Application, tag: str) -> None:
        image = f"{self.image}:{tag}"
        wait_for(
            f"{app.name} runs {tag}",
            lambda: app.images().get("frontend", "").startswith(image),
            within_s=WITHIN_S,
        )


@pytest.fixture
def guide(scene: Scene, registry: RegistryServer) -> Iterator[Guide]:
    yield from guide_for(scene, registry)


def guide_for(scene: Scene, registry: RegistryServer) -> Iterator[Guide]:
    with FaultyRegistry(registry.url) as server, ExitStack() as stack:
        server.demand_basic(ROBOT, PASS)
        guide = Guide(scene, server)
        own = f"secret:{scene.argocd.namespace}/{REGISTRY_SECRET}#acr"
        stack.enter_context(secret(scene.argocd, REGISTRY_SECRET, {"acr": f"{ROBOT}:{PASS}"}))
        stack.enter_context(scene.argocd.config_map(CONFIG, guide.configured(credentials=own)))
        yield guide


def test_each_strategy_by_https_with_a_password(guide: Guide, tmp_path: Path) -> None:
    scene, book = guide.scene, guide.scene.guestbook
    book.push("v1", created="2026-01-01T00:00:00Z")
    with GitSite.over_https(scene, tmp_path / "git") as site, ExitStack() as stack:
        stack.enter_context(site.known_to_argocd())
        creds = {"username": USER, "password": PASSWORD}
        stack.enter_context(secret(scene.argocd, "git-creds", creds))
        method = {"write-back-method": f"git:secret:{scene.argocd.namespace}/git-creds"}
        scene.refresher.start("--native", "on")
        apps = {
            strategy: guide.create(strategy, {**method, "guestbook.update-strategy": strategy})
            for strategy in ("semver", "newest-build", "alphabetical")
        }
        by_digest = guide.create(
            "digest", {**method, "guestbook.update-strategy": "digest"}, f"{guide.image}:v1"
        )
        manual = scene.create(
            f"guestbook={guide.image}",
            name=f"{book.namespace}-manual",
            keys=method,
            native=HELM,
            policy={},
        )
        for app in (*apps.values(), by_digest):
            app.synced()
        manual.is_out_of_sync()
        manual.sync()
        wait_for(
            "the digest is written",
            lambda: "@sha256:" in by_digest.images()["frontend"],
            within_s=WITHIN_S,
        )
        first = by_digest.images()["frontend"]
        scene.settle()

        book.push("v4", created="2026-02-01T00:00:00Z")
        push_image(book.registry.url, f"{book.namespace}/app", "v1", salt="again")

        for app in apps.values():
            guide.runs(app, "v4")
        wait_for(
            "the re-pushed tag runs",
            lambda: by_digest.images()["frontend"] != first,
            within_s=WITHIN_S,
        )
        guide.runs(by_digest, "v1@sha256:")
        for app in apps.values():
            file = f"helm/.argocd-source-{app.name}.yaml"
            assert site.bare.show(file).decode() == SOURCE_FILE.format(guide.image, "v4")
        log, semver = scene.refresher.log, apps["semver"].name
        host, _, path = guide.image.partition("/")
        assert (
            f"msg=\"Successfully updated image '{guide.image}:v1' to '{guide.image}:v4', but "
            f'pending spec update (dry run=false)" alias=guestbook application={semver} '
            f"image_name={path} image_tag=v1 registry={host}\n"
            f'level=info msg="Committing 1 parameter update(s) for application {semver}"'
        ) in log
        assert manual.images()["frontend"].endswith(":v1")
        assert not any(manual.name in file for file in site.bare.files())
        assert f'{manual.name} reason="it does not sync by itself' in log

        # The registry moves: registries.conf is changed while all of it runs.
        with FaultyRegistry(book.registry.url) as moved:
            moved.demand_basic(ROBOT, PASS)
            own = f"secret:{scene.argocd.namespace}/{REGISTRY_SECRET}#acr"
            folder = f"/api/v1/namespaces/{scene.argocd.namespace}/configmaps"
            data = guide.configured(credentials=own, api_url=moved.url)
            scene.argocd.kubernetes.patch(f"{folder}/{CONFIG}", {"data": data})
            guide.registry.demand_basic(ROBOT, "another")
            book.push("v5", created="2026-03-01T00:00:00Z")
            for app in apps.values():
                guide.runs(app, "v5")
        assert PASSWORD not in scene.refresher.log
        assert PASS not in scene.refresher.log


@pytest.mark.parametrize("kind", ["repository", "repo-creds"])
def test_kustomize_by_ssh(guide: Guide, tmp_path: Path, kind: str) -> None:
    scene = guide.scene
    scene.guestbook.push("v1")
    with GitSite.over_ssh(scene, tmp_path / "git") as site:
        url = site.url if kind == "repository" else site.url.rpartition("/")[0]
        with site.known_to_argocd(kind, url):
            scene.refresher.start("--native", "on")
            app = scene.create(
                f"guestbook={guide.image}",
                keys={"write-back-method": "git:repocreds", "write-back-target": "kustomization"},
                native={},
                path="kustomize",
            )
            app.synced()
            before = site.bare.show("kustomize/kustomization.yaml").decode()
            scene.settle()

            scene.guestbook.push("v4")

            guide.runs(app, "v4")
            after = site.bare.show("kustomize/kustomization.yaml").decode()
            assert after == f"{before}images:\n- name: {guide.image}\n  newTag: v4\n"
