"""The image, built once from the code as it is, by whatever engine there is."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.images import Image

from release import base, wheels
from release.container import Cell
from release.engine import NoEngine, engine
from release.image import CannotBuild, build, made_base
from tests.conftest import tool_path
from tests.support.needs import lacks


@pytest.fixture(scope="session")
def client() -> Iterator[docker.DockerClient]:
    try:
        with engine() as client:
            yield client
    except NoEngine as error:
        lacks(str(error))


@pytest.fixture(scope="session")
def image(client: docker.DockerClient) -> Iterator[Image]:
    """Build on the base that was made here, else on the Dockerfile's own from its registry."""
    try:
        wheels.collect()
    except wheels.CannotCollect as error:
        lacks(str(error))
    is_made = base.file().exists()
    tag = f"localhost/argocd-image-cmp-test:{uuid.uuid4().hex[:12]}"
    try:
        image = build(client, tag=tag, base_image=made_base(client) if is_made else "")
    except CannotBuild as error:
        if is_made:
            raise
        lacks(f"the image's base cannot be had, run make setup-image: {error}")
    yield image
    client.images.remove(tag)
    # What earlier builds left is the cache of the next one; not for ever.
    ours = "org.opencontainers.image.title=argocd-image-cmp"
    client.images.prune({"dangling": True, "label": ours, "until": "24h"})


@pytest.fixture
def cell(client: docker.DockerClient, image: Image) -> Cell:
    return Cell(client=client, image=image)


@pytest.fixture(scope="session")
def copied_tools() -> dict[Path, str]:
    """Return helm and kustomize where an init container puts them."""
    return {
        tool_path(name).resolve(): f"/usr/local/bin/{name}:ro" for name in ("helm", "kustomize")
    }
