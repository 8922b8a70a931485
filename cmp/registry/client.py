"""What one registry is asked: tags, manifests and image configurations.

Distribution specification 1.1.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import parse_header_links

from cmp.core.image import is_tag
from cmp.registry.auth.keychain import Keychain
from cmp.registry.authorized import Authorized
from cmp.registry.configuration import Registry
from cmp.registry.transport import RegistryTransport, finish

_NOT_MODIFIED = 304
_PORTS = {"http": 80, "https": 443}
_QUOTED = 80  # characters of what a registry says
_NOT_FOUND = 404
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


Pages = tuple[tuple[str, str], ...]
"""Of a listing, the URL of each page with its entity tag, empty where it had none."""


@dataclass(frozen=True, slots=True)
class Listing:
    """All tags of a repository, or that they are what they were."""

    names: tuple[str, ...] | None
    """None where no page has changed."""
    pages: Pages


class RegistryClient:
    """Asks one registry with one source of credentials; may be used by several threads at once."""

    def __init__(
        self, registry: Registry, transport: RegistryTransport, keychain: Keychain
    ) -> None:
        """Prepare a client; nothing is sent yet."""
        self._registry = registry
        self._transport = transport
        self._authorized = Authorized(transport, keychain, registry.api_url)

    @property
    def api_url(self) -> str:
        """Where its API is."""
        return self._registry.api_url

    @property
    def name(self) -> str:
        """The registry's name, for messages."""
        return self._registry.name

    def tags(self, path: str, known: Pages = ()) -> Listing:
        """Return all tags of the repository at ``path``, every page of them.

        Of pages that are ``known`` it is asked whether they have changed (RFC 9110, 13.1.2);
        one that has means to read all. Raises `RegistryFailed` unless the listing is complete:
        a page that fails, is no JSON or speaks of another repository, or a link that leads to
        another host, leaves no list at all. A name that is no tag is passed over: no manifest
        could say it.
        """
        first = f"{self._registry.api_url}/v2/{path}/tags/list"
        if known and known[0][0] == first and all(etag for _, etag in known):
            unchanged = self._unchanged(path, known)
            if unchanged is not None:
                return unchanged
        return self._listed(path, first)

    def _unchanged(self, path: str, known: Pages) -> Listing | None:
        """Return the listing if no page has changed, or the new one where it is a single page."""
        for url, etag in known:
            answer = self._authorized.request(
                "GET", url, path, {"Accept": _JSON, "If-None-Match": etag}
            )
            with answer:
                if answer.status_code == _NOT_MODIFIED:
                    if (url, etag) == known[-1] and self._next_page(url, answer.headers):
                        return None  # the last page is full: its text says nothing of the next
                    continue
                if len(known) > 1:
                    return None
                page, following = self._page(url, path, answer)
                if following is None:
                    return Listing(page, ((url, answer.headers.get("ETag", "")),))
                return None
        return Listing(None, known)

    def _listed(self, path: str, first: str) -> Listing:
        names: dict[str, None] = {}
        pages: dict[str, str] = {}
        url: str | None = first
        while url is not None:
            if url in pages:
                raise self._transport.failed(url, "its pages lead round in a circle")
            if len(pages) == _MOST_PAGES:
                raise self._transport.failed(url, f"it has more than {_MOST_PAGES} pages")
            with self._authorized.request("GET", url, path, {"Accept": _JSON}) as answer:
                page, following = self._page(url, path, answer)
                pages[url] = answer.headers.get("ETag", "")
            names.update(dict.fromkeys(page))
            url = following
        return Listing(tuple(names), tuple(pages.items()))

    def _page(
        self, url: str, path: str, answer: requests.Response
    ) -> tuple[tuple[str, ...], str | None]:
        """Return a page's names, and the URL of the next page if there is one."""
        document = self._transport.json_object(url, self._body(url, path, answer))
        if document.get("name") != path:
            listed = repr(document.get("name"))[:_QUOTED]
            raise self._transport.failed(url, f"it lists {listed}, not {path!r}")
        if "tags" not in document or document.get("errors"):
            raise self._transport.failed(url, "it says nothing of tags")
        page = document["tags"] or []
        if not isinstance(page, list) or not all(isinstance(tag, str) for tag in page):
            raise self._transport.failed(url, "tags is not a list of names")
        return tuple(filter(is_tag, page)), self._next_page(url, answer.headers)

    def manifest(self, path: str, reference: str) -> tuple[Mapping[str, Any], str]:
        """Return the manifest or index that a tag or digest names, and its digest.

        Raises `NotFound` when there is none.
        """
        url = f"{self._registry.api_url}/v2/{path}/manifests/{reference}"
        body = self._get(url, path, _MANIFESTS)
        return self._transport.json_object(url, body), self._digest(url, body, reference)

    def head(self, path: str, reference: str) -> Head:
        """Return what a tag names, by a HEAD where the registry tells it.

        Raises `NotFound` when there is no manifest.
        """
        url = f"{self._registry.api_url}/v2/{path}/manifests/{reference}"
        answer = self._authorized.request("HEAD", url, path, {"Accept": _MANIFESTS})
        finish(answer)
        if answer.status_code == _NOT_FOUND:
            raise self._transport.refused(url, answer)
        headers = answer.headers if answer.ok else {}
        found = headers.get("Docker-Content-Digest", "")
        if not _SHA256.fullmatch(found):
            found = self.manifest(path, reference)[1]
        return Head(found, headers.get("Content-Type", "").partition(";")[0].strip())

    def blob(self, path: str, digest: str) -> Mapping[str, Any]:
        """Return a JSON blob, such as an image configuration."""
        url = f"{self._registry.api_url}/v2/{path}/blobs/{digest}"
        body = self._get(url, path, _JSON)
        self._digest(url, body, digest)
        return self._transport.json_object(url, body)

    def _get(self, url: str, path: str, accept: str) -> bytes:
        with self._authorized.request("GET", url, path, {"Accept": accept}) as answer:
            return self._body(url, path, answer)

    def _body(self, url: str, path: str, answer: requests.Response) -> bytes:
        if not answer.ok:
            raise self._transport.refused(url, answer, self._authorized.who(path))
        return self._transport.body(url, answer)

    def _next_page(self, url: str, headers: Mapping[str, str]) -> str | None:
        link = headers.get("Link", "")
        if "next" not in link.lower():
            return None
        links = parse_header_links(link)
        following = [item["url"] for item in links if item.get("rel") == "next"]
        try:
            found, here = urlsplit(urljoin(url, following[0])), urlsplit(url)
            host, port = found.hostname, found.port or _PORTS.get(found.scheme)
        except (IndexError, ValueError):
            raise self._transport.failed(url, "the link to its next page cannot be read") from None
        # Behind what ends TLS, a registry may take itself to be on plain HTTP.
        ports = {here.port or _PORTS.get(here.scheme), *(_PORTS.values() if not here.port else ())}
        if host != here.hostname or port not in ports:
            shown = found.netloc[:_QUOTED]
            raise self._transport.failed(url, f"its next page is on another host: {shown}")
        if found.path != here.path:
            raise self._transport.failed(url, "its next page is of another repository")
        return here._replace(query=found.query).geturl()

    def _digest(self, url: str, body: bytes, reference: str) -> str:
        """Return the digest of what was read; what a digest names has to have it."""
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if reference.startswith("sha256:") and reference != digest:
            raise self._transport.failed(url, f"the answer is something else: {digest}")
        return digest
