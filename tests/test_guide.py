"""The ACK guide's flow and its neighbours, on a real registry, helm and kustomize."""

from pathlib import Path

import pytest

from tests.support.guestbook import Guestbook, images
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.tools

TARGETS = {
    "guestbook.helm.image-name": "frontend.image.repository",
    "guestbook.helm.image-tag": "frontend.image.tag",
}
VALUES = [{"name": "helm.valueFiles", "array": ["values.yaml"]}]


@pytest.fixture
def guestbook(tmp_path: Path, registry: RegistryServer, helm: Path, kustomize: Path) -> Guestbook:
    return Guestbook.create(tmp_path, registry)


def test_the_chart_is_rendered_with_the_newest_image_and_nothing_else_changed(
    guestbook: Guestbook,
) -> None:
    guestbook.push("v1", "v2", "v3", "v4")
    guestbook.application({"image-list": f"guestbook={guestbook.image}", **TARGETS})
    guestbook.refresh()

    done = guestbook.generate(parameters=VALUES)

    native = guestbook.native(str(guestbook.repository / "helm" / "values.yaml"))
    assert (done.returncode, done.stderr) == (0, "")
    assert native.count(f"{guestbook.image}:v1") == 1
    assert done.stdout == native.replace(f"{guestbook.image}:v1", f"{guestbook.image}:v4")
    assert images(done.stdout)["redis-master"] == f"{guestbook.redis}:6.0.9"


@pytest.mark.parametrize(
    ("annotations", "tag"),
    [
        pytest.param({"guestbook.allow-tags": "regexp:^v[1-3]"}, "v3", id="allow-tags"),
        pytest.param({"allow-tags": "regexp:^v[1-3]"}, "v3", id="allow-tags-application-wide"),
        pytest.param({"guestbook.ignore-tags": "v4, v3"}, "v2", id="ignore-tags"),
        pytest.param({"guestbook.update-strategy": "semver"}, "v4", id="semver"),
        pytest.param({"guestbook.update-strategy": "latest"}, "v1", id="latest"),
        pytest.param({"guestbook.update-strategy": "newest-build"}, "v1", id="newest-build"),
        pytest.param({"guestbook.update-strategy": "name"}, "vz", id="name"),
        pytest.param({"guestbook.update-strategy": "alphabetical"}, "vz", id="alphabetical"),
    ],
)
def test_a_policy_chooses(guestbook: Guestbook, annotations: dict[str, str], tag: str) -> None:
    guestbook.push("v1", "v2", "v3", "v4", "vz")  # v1 was built last
    guestbook.application({"image-list": f"guestbook={guestbook.image}", **TARGETS, **annotations})
    guestbook.refresh()

    done = guestbook.generate(parameters=VALUES)

    assert done.returncode == 0, done.stderr
    assert images(done.stdout)["frontend"] == f"{guestbook.image}:{tag}"


def test_a_constraint_in_the_image_list_bounds_the_version(guestbook: Guestbook) -> None:
    guestbook.push("v1", "v2.1", "v2.9", "v3")
    guestbook.application({"image-list": f"guestbook={guestbook.image}:~2", **TARGETS})
    guestbook.refresh()

    assert images(guestbook.generate().stdout)["frontend"] == f"{guestbook.image}:v2.9"


def test_digest_follows_a_tag_that_moves(guestbook: Guestbook) -> None:
    guestbook.push("edge", created="2026-01-01T00:00:00Z")
    guestbook.application(
        {
            "image-list": f"guestbook={guestbook.image}:edge",
            "guestbook.update-strategy": "digest",
            **TARGETS,
        }
    )
    guestbook.refresh()
    first = images(guestbook.generate().stdout)["frontend"]
    guestbook.push("edge", created="2026-02-02T00:00:00Z")
    guestbook.refresh()
    second = images(guestbook.generate().stdout)["frontend"]

    assert first != second
    for image in (first, second):
        assert image.startswith(f"{guestbook.image}:edge@sha256:")


def test_two_aliases_both_move(guestbook: Guestbook) -> None:
    guestbook.push("v1", "v4")
    guestbook.push("6.0.9", "6.2.1", repository="redis")
    guestbook.application(
        {
            "image-list": f"guestbook={guestbook.image}, redis-master={guestbook.redis}:^6",
            **TARGETS,
            "redis-master.helm.image-name": "redis.master.image.repository",
            "redis-master.helm.image-tag": "redis.master.image.tag",
        }
    )
    guestbook.refresh()

    assert images(guestbook.generate().stdout) == {
        "frontend": f"{guestbook.image}:v4",
        "redis-master": f"{guestbook.redis}:6.2.1",
        "redis-slave": f"{guestbook.redis}:6.0.9",
    }


def test_an_image_without_alias_answers_to_its_last_component(guestbook: Guestbook) -> None:
    guestbook.push("v1", "v2", "v3", "v4")
    guestbook.application(
        {
            "image-list": guestbook.image,
            "app.allow-tags": "regexp:^v[12]$",
            "app.helm.image-name": "frontend.image.repository",
            "app.helm.image-tag": "frontend.image.tag",
        }
    )
    guestbook.refresh()

    assert images(guestbook.generate().stdout)["frontend"] == f"{guestbook.image}:v2"


def test_image_spec_takes_the_whole_reference(guestbook: Guestbook) -> None:
    guestbook.push("v4")
    guestbook.application(
        {
            "image-list": f"guestbook={guestbook.image}",
            "guestbook.helm.image-spec": "frontend.image.repository",
        }
    )
    guestbook.refresh()

    # The chart adds its own tag: what matters is where the reference went.
    assert images(guestbook.generate().stdout)["frontend"] == f"{guestbook.image}:v4:v1"


def test_kustomize_renders_the_same_image(guestbook: Guestbook) -> None:
    guestbook.push("v1", "v2", "v3", "v4")
    guestbook.application(
        {
            "image-list": f"guestbook={guestbook.image}",
            "guestbook.kustomize.image-name": guestbook.image,
        },
        path="kustomize",
    )
    guestbook.refresh()

    done = guestbook.generate(path="kustomize")

    native = guestbook.native_kustomize()
    assert native.count(f"{guestbook.image}:v1") == 1
    assert done.stdout == native.replace(f"{guestbook.image}:v1", f"{guestbook.image}:v4")


def test_kustomize_keeps_a_new_name_that_the_overlay_has(guestbook: Guestbook) -> None:
    guestbook.push("v1", "v4")
    guestbook.push("6.0.9", "6.2.1", repository="redis")
    guestbook.application(
        {"image-list": f"{guestbook.image}, {guestbook.redis}"}, path="kustomize-overlay"
    )
    guestbook.refresh()
    before = images(guestbook.native_kustomize("kustomize-overlay"))

    after = images(guestbook.generate(path="kustomize-overlay").stdout)

    assert {name: image.rpartition(":")[0] for name, image in after.items()} == {
        name: image.rpartition(":")[0] for name, image in before.items()
    }
    assert {image.rpartition(":")[2] for image in after.values()} == {"v4", "6.2.1"}


def test_kustomize_maps_a_name_in_the_manifests_to_the_image(guestbook: Guestbook) -> None:
    guestbook.push("6.2.1", repository="redis")
    guestbook.application(
        {
            "image-list": f"web={guestbook.redis}",
            "web.kustomize.image-name": guestbook.image,
        },
        path="kustomize",
    )
    guestbook.refresh()

    done = guestbook.generate(path="kustomize")

    assert images(done.stdout)["frontend"] == f"{guestbook.redis}:6.2.1"
