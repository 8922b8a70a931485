"""Reading one entry of ``registries.conf``: every key, and what is wrong with its value.

The keys are argocd-image-updater's (registry-scanner/pkg/registry/config.go), and two of ours:
``plain_http`` and ``scan_as``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cmp.core.duration import parse_duration
from cmp.core.keys import nearest
from cmp.errors import InvalidInput
from cmp.registry.certificates import certificates
from cmp.registry.registry import DOCKER_HUB_LIMIT, Registry, ScanAs, place

Read = Callable[[str], str]
"""Takes the path in ``ca_file`` and returns what is there; raises `InvalidInput`."""

KEYS: Mapping[str, str] = {
    "name": "for messages; required",
    "prefix": "host, or host and the beginning of a path, of its images; one entry may have none",
    "api_url": "`https://<host>` or `http://<host>`; required unless there is `scan_as`",
    "plain_http": "`true`: `api_url` may lack its scheme, and is asked over HTTP",
    "scan_as": "`<host>[/<path>]`: list there what is deployed from under `prefix`; "
    "no other key but `name`, `prefix` and `ping`",
    "default": "`true`: has what is on Docker Hub and under no prefix, such as `nginx`",
    "defaultns": "goes before a name of one component; on Docker Hub it is `library` without",
    "credentials": "where they are to be had, by their kind: never a password",
    "credsexpire": "`5h`: after that, credentials are fetched anew; without, or `0`, as their kind "
    "has it",
    "limit": "requests a second, 0 for any number; default: 10 for Docker Hub, else 0",
    "tagsortmode": "`latest-first`, `latest-last` or `none`; read, and of no effect: "
    "`newest-build` goes by when images were built, and reads each once",
    "ca_file": "file of certificates (PEM) trusted besides the system's; a relative one begins at "
    "this file's folder, and is read when this one is",
    "ca_data": "the same, the certificates themselves",
    "insecure": "`true`: its certificate is not verified; `ca_file` and `ca_data` are passed over, "
    "with a note",
    "ping": "accepted, and not used",
}
"""Each key and what it means: all that is read, and what docs/registries.md has."""
_BESIDE_SCAN_AS = frozenset({"name", "prefix", "scan_as", "ping"})
_CA_KEYS = ("ca_data", "ca_file")
_MAY_HOLD_SECRETS = frozenset({"api_url", "credentials", "ca_data"})
_TAG_ORDERS = {"latest-first": "latest-first", "latest-last": "latest-last", "none": "", "": ""}
_URL = re.compile(r"https?://[^\s/?#]+(?:/[^\s?#]*)?")


def read_entry(item: Any, number: int, read: Read) -> Registry | ScanAs:
    """Read the ``number``-th entry; raise `InvalidInput` naming entry and key."""
    if not isinstance(item, dict):
        raise InvalidInput("not a mapping", where=f"registries[{number}]")
    name = item.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidInput(f"registry name is missing for entry {number}", where="registries")
    for key in item:
        if key not in KEYS:
            raise InvalidInput(
                f"no key {key!r}{nearest(str(key), sorted(KEYS))}", where=f"registry {name}"
            )
    _bool(item, "ping", name)
    return _scan_as(item, name) if _text(item, "scan_as", name) else _registry(item, name, read)


def ignored_keys(item: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each key of a valid entry that has no effect beside another."""
    return [
        f"{key} of {item['name']} has no effect: with insecure no certificate is verified"
        for key in _CA_KEYS
        if item.get("insecure") and item.get(key)
    ]


def _scan_as(item: Mapping[str, Any], name: str) -> ScanAs:
    for key in sorted(KEYS.keys() - _BESIDE_SCAN_AS):
        if item.get(key):
            raise InvalidInput(
                "scan_as asks another registry, as the entry for that one says; "
                "write this key there, or remove scan_as",
                where=f"registry {name}: {key}",
            )
    prefix = _place(item, "prefix", name)
    if not prefix:
        raise InvalidInput(
            "scan_as needs the place that it stands for; write prefix: <host>[/<path>]",
            where=f"registry {name}: prefix",
        )
    return ScanAs(name, prefix, _place(item, "scan_as", name))


def _registry(item: Mapping[str, Any], name: str, read: Read) -> Registry:
    registry = Registry(
        name=name,
        api_url=_api_url(item, name),
        prefix=_place(item, "prefix", name),
        default_namespace=_text(item, "defaultns", name).strip("/"),
        credentials=_text(item, "credentials", name),
        insecure=_bool(item, "insecure", name),
        is_default=_bool(item, "default", name),
        credentials_valid_s=_credentials_valid_s(item, name),
        tag_order=_tag_order(item, name),
        ca=_ca(item, name, read),
    )
    limit = _limit(item, name)
    if limit is None:
        limit = DOCKER_HUB_LIMIT if registry.is_docker_hub else 0
    return replace(registry, limit=limit)


def _api_url(item: Mapping[str, Any], name: str) -> str:
    where = f"registry {name}: api_url"
    is_plain = _bool(item, "plain_http", name)
    api_url = _text(item, "api_url", name)
    if not api_url:
        raise InvalidInput(
            f"API URL must be specified for registry {name}; write api_url: https://<host>"
        )
    if "@" in api_url:
        raise InvalidInput(
            "a user or password does not belong in the URL; write credentials: env:<VARIABLE>",
            where=where,
        )
    if is_plain and api_url.startswith("https://"):
        raise InvalidInput(
            "https:// and plain_http exclude each other; remove plain_http, or write http://<host>",
            where=where,
        )
    url = f"http://{api_url}" if is_plain and "://" not in api_url else api_url
    if not _URL.fullmatch(url):
        form = "http://<host>" if is_plain else "https://<host>"
        raise InvalidInput(f"not an URL: {api_url!r}; write {form}", where=where)
    return url.rstrip("/")


def _place(item: Mapping[str, Any], key: str, name: str) -> str:
    written = _text(item, key, name)
    try:
        return place(written) if written else ""
    except InvalidInput as error:
        raise error.within(f"registry {name}: {key}") from None


def _credentials_valid_s(item: Mapping[str, Any], name: str) -> float | None:
    written = item.get("credsexpire")
    if written == 0 and not isinstance(written, bool):
        return None  # as Go has it: no duration needs no unit
    text = _text(item, "credsexpire", name)
    try:
        return (parse_duration(text).total_seconds() if text else 0) or None
    except InvalidInput as error:
        raise error.within(f"registry {name}: credsexpire") from None


def _tag_order(item: Mapping[str, Any], name: str) -> str:
    written = _text(item, "tagsortmode", name)
    order = _TAG_ORDERS.get(written.lower())
    if order is None:
        known = [mode for mode in _TAG_ORDERS if mode]
        raise InvalidInput(
            f"unknown tag sort mode for registry {name}: {written!r}; "
            f"use one of: {', '.join(known)}{nearest(written.lower(), known)}",
        )
    return order


def _ca(item: Mapping[str, Any], name: str, read: Read) -> str:
    """Return the certificates of both keys, unless none is verified."""
    data, path = _text(item, "ca_data", name), _text(item, "ca_file", name)
    if _bool(item, "insecure", name):
        return ""
    found = ""
    key = "ca_data"
    try:
        if data:
            found += certificates(data)
        if path:
            key = f"ca_file: {path}"
            found += certificates(read(path))
    except InvalidInput as error:
        raise error.within(f"registry {name}: {key}") from None
    return found


def _limit(item: Mapping[str, Any], name: str) -> int | None:
    limit = item.get("limit")
    if limit is None:
        return None
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 0:
        raise InvalidInput(
            f"{limit!r} is no number of requests a second; write 10, or 0 for no limit",
            where=f"registry {name}: limit",
        )
    return limit


def _text(item: Mapping[str, Any], key: str, name: str) -> str:
    value = item.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        what = "it" if key in _MAY_HOLD_SECRETS else repr(value)
        raise InvalidInput(f"{what} is no text; put it in quotes", where=f"registry {name}: {key}")
    return value.strip()


def _bool(item: Mapping[str, Any], key: str, name: str) -> bool:
    value = item.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise InvalidInput(f"{value!r} is neither true nor false", where=f"registry {name}: {key}")
    return value
