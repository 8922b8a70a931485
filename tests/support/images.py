"""Minimal valid images, indexes and artefacts, pushed over the distribution API."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urljoin

import requests

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
# Not compressed: the bytes, and so all digests, are the same with every Python and zlib.
LAYER = "application/vnd.oci.image.layer.v1.tar"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
HELM_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

Auth = tuple[str, str]
"""User and password."""

Descriptor = dict[str, Any]
"""What a manifest says of something it names: mediaType, digest, size, …"""


class Target(Protocol):
    """A repository that takes what an image is made of."""

    def put_blob(self, media_type: str, content: bytes) -> Descriptor:
        """Keep a blob."""

    def put_manifest(self, media_type: str, content: bytes, tag: str = "") -> str:
        """Keep a manifest, and what to call it; return its digest."""


class RegistryRefused(Exception):
    """The registry did not do as asked; the message has its status and words."""


def push_image(
    host_url: str,
    repository: str,
    tag: str,
    *,
    created: str | None = "2026-01-01T00:00:00Z",
    platform: str = "linux/amd64",
    auth: Auth | None = None,
    salt: str = "",
) -> str:
    """Push an image for one platform and return its manifest's digest.

    Args:
        host_url: ``http://host:port``.
        repository: the path within that registry, ``team/app``.
        tag: what to call it there.
        created: what the config says; None leaves it out, as some builders do.
        platform: ``os/architecture[/variant]``.
        auth: user and password, if it wants any.
        salt: goes into the layer; images that differ in nothing else differ in digest.
    """
    with _open(host_url, repository, auth) as target:
        return put_image(target, tag, created=created, platform=platform, salt=salt)


def put_image(
    target: Target,
    tag: str,
    *,
    created: str | None = "2026-01-01T00:00:00Z",
    platform: str = "linux/amd64",
    salt: str = "",
) -> str:
    """Make an image as `push_image` does, wherever ``target`` keeps it."""
    manifest = _image_manifest(target, created=created, platform=platform, salt=salt)
    return target.put_manifest(MANIFEST, _encode(manifest), tag)


def push_index(
    host_url: str,
    repository: str,
    tag: str,
    platforms: Mapping[str, str],
    *,
    auth: Auth | None = None,
    salt: str = "",
) -> str:
    """Push an image for several platforms and return its index's digest.

    Args:
        host_url: ``http://host:port``.
        repository: the path within that registry, ``team/app``.
        tag: what to call the index; its members have digests only.
        platforms: ``os/architecture[/variant]`` and when its image was created.
        auth: user and password, if it wants any.
        salt: goes into every layer.
    """
    with _open(host_url, repository, auth) as target:
        return put_index(target, tag, platforms, salt=salt)


def put_index(target: Target, tag: str, platforms: Mapping[str, str], *, salt: str = "") -> str:
    """Make an image for several platforms as `push_index` does, wherever ``target`` keeps it."""
    members = []
    for platform, created in platforms.items():
        image = _image_manifest(target, created=created, platform=platform, salt=salt)
        manifest = _encode(image)
        target.put_manifest(MANIFEST, manifest)
        members.append({**descriptor(MANIFEST, manifest), "platform": _split(platform)})
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": members}
    return target.put_manifest(INDEX, _encode(index), tag)


def push_artifact(
    host_url: str,
    repository: str,
    tag: str,
    *,
    auth: Auth | None = None,
    salt: str = "",
) -> str:
    """Push a Helm chart, something tagged that no node can run; return its digest."""
    name = repository.rpartition("/")[2]
    about = {"apiVersion": "v2", "name": name, "version": tag, "description": salt}
    chart = gzip.compress(_tar(f"{name}/Chart.yaml", json.dumps(about)), mtime=0)
    with _open(host_url, repository, auth) as target:
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": target.put_blob(HELM_CONFIG, _encode(about)),
            "layers": [target.put_blob(HELM_CHART, chart)],
        }
        return target.put_manifest(MANIFEST, _encode(manifest), tag)


def retag(
    host_url: str, repository: str, source: str, tag: str, *, auth: Auth | None = None
) -> str:
    """Point a tag, new or old, at what another tag or a digest names; return the digest."""
    with _open(host_url, repository, auth) as target:
        accept = {"Accept": f"{MANIFEST}, {INDEX}"}
        reply = target.call("GET", f"manifests/{source}", expect=200, headers=accept)
        return target.put_manifest(reply.headers["Content-Type"], reply.content, tag)


def delete_manifest(
    host_url: str, repository: str, reference: str, *, auth: Auth | None = None
) -> None:
    """Delete a tag, or by its digest a manifest with all its tags."""
    with _open(host_url, repository, auth) as target:
        target.call("DELETE", f"manifests/{reference}", expect=202)


class _Repository:
    """One repository of a registry, over one connection."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session = session
        self._url = url

    def call(
        self,
        method: str,
        path: str,
        *,
        expect: int,
        data: bytes = b"",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        reply = self._session.request(
            method,
            urljoin(self._url, path),
            params=params,
            data=data,
            headers=headers,
            timeout=30,
        )
        if reply.status_code != expect:
            raise RegistryRefused(f"{method} {reply.url}: {reply.status_code} {reply.text}")
        return reply

    def put_blob(self, media_type: str, content: bytes) -> Descriptor:
        described = descriptor(media_type, content)
        upload = self.call("POST", "blobs/uploads/", expect=202).headers["Location"]
        self.call(
            "PUT",
            upload,
            expect=201,
            data=content,
            params={"digest": described["digest"]},
            headers={"Content-Type": "application/octet-stream"},
        )
        return described

    def put_manifest(self, media_type: str, content: bytes, tag: str = "") -> str:
        digest = digest_of(content)
        self.call(
            "PUT",
            f"manifests/{tag or digest}",
            expect=201,
            data=content,
            headers={"Content-Type": media_type},
        )
        return digest


@contextmanager
def _open(host_url: str, repository: str, auth: Auth | None) -> Iterator[_Repository]:
    with requests.Session() as session:
        session.trust_env = False  # loopback needs no proxy and no .netrc
        session.auth = auth
        yield _Repository(session, f"{host_url}/v2/{repository}/")


def _image_manifest(
    target: Target, *, created: str | None, platform: str, salt: str
) -> dict[str, Any]:
    layer = target.put_blob(LAYER, _tar("salt", salt))
    config = {
        **({"created": created} if created else {}),
        **_split(platform),
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": target.put_blob(CONFIG, _encode(config)),
        "layers": [layer],
    }


def _split(platform: str) -> dict[str, str]:
    return dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))


def descriptor(media_type: str, content: bytes) -> Descriptor:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _encode(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _tar(name: str, text: str) -> bytes:
    content = text.encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)  # its time is 0
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()
