"""What one registry is asked: tags, manifests and image configurations.

Distribution specification 1.1.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from requests.utils import parse_header_links

from cmp.core.image import is_tag
from cmp.registry.configuration import Registry
from cmp.registry.credentials import Credential
from cmp.registry.transport import RegistryTransport

_MOST_PAGES = 10_000  # of a listing; a hundred tags a page make a million
_JSON = "application/json"
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, "
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)
_SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True, slots=True)
class Head:
    """What a registry says of a manifest without giving it."""

    digest: str
    media_type: str
    """Empty where it does not say."""

    @property
    def may_be_artifact(self) -> bool:
        """Tell whether it may be something else than an image.

        An artifact has an OCI image manifest (OCI image-spec 1.1, manifest.md, "Guidelines for
        Artifact Usage"); an index and Docker's own types are of images.
        """
        return self.media_type in {"", OCI_MANIFEST}


class RegistryClient:
    """Asks one registry; may be used by several threads at once."""

    def __init__(self, registry: Registry, credential: Credential | None, connections: int) -> None:
        """Prepare a client; nothing is sent yet."""
        self._registry = registry
        self._transport = RegistryTransport(registry, credential, connections)

    @property
    def name(self) -> str:
        """The registry's name, for messages."""
        return self._registry.name

    def tags(self, path: str) -> tuple[str, ...]:
        """Return all tags of the repository at ``path``, every page of them.

        Raises `RegistryFailed` unless the listing is complete: a page that fails, is no
        JSON or speaks of another repository, or a link that leads to another host, leaves
        no list at all. A name that is no tag is passed over: no manifest could say it.
        """
        url = f"{self._registry.api_url}/v2/{path}/tags/list"
        names: dict[str, None] = {}
        seen: set[str] = set()
        while url not in seen:
            if len(seen) == _MOST_PAGES:
                raise self._transport.failed(url, f"it has more than {_MOST_PAGES} pages")
            seen.add(url)
            body, headers = self._transport.get(url, path, _JSON)
            document = self._transport.json_object(url, body)
            if document.get("name") != path:
                raise self._transport.failed(
                    url, f"it lists {document.get('name')!r}, not {path!r}"
                )
            page = document.get("tags")
            if page is None:
                page = []
            if not isinstance(page, list) or not all(isinstance(tag, str) for tag in page):
                raise self._transport.failed(url, "tags is not a list of names")
            names.update(dict.fromkeys(filter(is_tag, page)))
            following = self._next_page(url, headers)
            if following is None:
                return tuple(names)
            url = following
        raise self._transport.failed(url, "its pages lead round in a circle")

    def manifest(self, path: str, reference: str) -> tuple[Mapping[str, Any], str]:
        """Return the manifest or index that a tag or digest names, and its digest.

        Raises `NotFound` when there is none.
        """
        url = f"{self._registry.api_url}/v2/{path}/manifests/{reference}"
        body, _ = self._transport.get(url, path, _MANIFESTS)
        return self._transport.json_object(url, body), self._digest(url, body, reference)

    def head(self, path: str, reference: str) -> Head:
        """Return what a tag names, by a HEAD where the registry tells it.

        Raises `NotFound` when there is no manifest.
        """
        url = f"{self._registry.api_url}/v2/{path}/manifests/{reference}"
        headers = self._transport.head(url, path, _MANIFESTS) or {}
        found = headers.get("Docker-Content-Digest", "")
        if not _SHA256.fullmatch(found):
            found = self.manifest(path, reference)[1]
        return Head(found, headers.get("Content-Type", "").partition(";")[0].strip())

    def blob(self, path: str, digest: str) -> Mapping[str, Any]:
        """Return a JSON blob, such as an image configuration."""
        url = f"{self._registry.api_url}/v2/{path}/blobs/{digest}"
        body, _ = self._transport.get(url, path, _JSON)
        self._digest(url, body, digest)
        return self._transport.json_object(url, body)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _next_page(self, url: str, headers: Mapping[str, str]) -> str | None:
        link = headers.get("Link", "")
        if "next" not in link.lower():
            return None
        links = parse_header_links(link)
        following = [item["url"] for item in links if item.get("rel") == "next"]
        try:
            absolute = urljoin(url, following[0])
            host = urlsplit(absolute)[:2]
        except (IndexError, ValueError):
            raise self._transport.failed(url, "the link to its next page cannot be read") from None
        if host != urlsplit(url)[:2]:
            raise self._transport.failed(url, f"its next page is on another host: {host[1]}")
        return absolute

    def _digest(self, url: str, body: bytes, reference: str) -> str:
        """Return the digest of what was read; what a digest names has to have it."""
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if reference.startswith("sha256:") and reference != digest:
            raise self._transport.failed(url, f"the answer is something else: {digest}")
        return digest
