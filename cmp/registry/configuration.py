"""``registries.conf``, as argocd-image-updater's users have it.

Which registry an image belongs to: reference/image-updater.md §4, less its order-dependence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cmp.core.image import DOCKER_HUB, Repository
from cmp.core.keys import nearest
from cmp.errors import InvalidInput

_DOCKER_HUB_API = "https://registry-1.docker.io"
_KEYS = frozenset(
    {"name", "api_url", "prefix", "default", "defaultns", "credentials", "insecure", "ping"}
)
# Read and checked for here; what they ask for comes with the complete registry client.
_NOT_YET = frozenset({"credsexpire", "tagsortmode", "ca_file", "ca_data", "limit"})
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Registry:
    """One registry: where its API is and whose credentials it takes."""

    name: str
    api_url: str
    prefix: str = ""
    """Host, or host and the beginning of a path, of the images it holds; none: the default's."""
    default_namespace: str = ""
    """Goes before a repository of one component, as ``library`` does on Docker Hub."""
    credentials: str = ""
    insecure: bool = False
    """Its certificate is not verified."""
    is_default: bool = False

    def path(self, repository: Repository) -> str:
        """Return the repository's path at this registry.

        A name of one component means one in `library` to Docker Hub only: elsewhere it is
        in the default namespace, or in none.
        """
        name = repository.path.removeprefix("library/")
        if repository.host != DOCKER_HUB or repository.written.endswith(f"library/{name}"):
            name = repository.path
        if "/" in name:
            return name
        namespace = self.default_namespace or ("library" if self._is_docker_hub else "")
        return f"{namespace}/{name}" if namespace else name

    @property
    def _is_docker_hub(self) -> bool:
        return _canonical(self.prefix) == DOCKER_HUB or self.api_url == _DOCKER_HUB_API


@dataclass(frozen=True, slots=True)
class Registries:
    """All configured registries."""

    entries: tuple[Registry, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def parse(cls, document: Any) -> Self:
        """Read the file's parsed YAML; raise `InvalidInput` naming entry and key."""
        listed = document.get("registries") if isinstance(document, dict) else None
        if not isinstance(listed, list):
            raise InvalidInput("write a list under the key registries")
        entries = tuple(_entry(item, number) for number, item in enumerate(listed, start=1))
        defaults = [entry for entry in entries if entry.is_default]
        if len(defaults) > 1:
            raise InvalidInput(
                f"cannot set registry {defaults[1].name} as default: "
                f"only one can be, and {defaults[0].name} is"
            )
        nameless = [entry for entry in entries if not entry.prefix]
        if len(nameless) > 1:
            raise InvalidInput(
                f"there must be only one default registry (already is {nameless[0].name}); "
                f"give {nameless[1].name} a prefix"
            )
        prefixes: dict[str, str] = {}
        for entry in entries:
            other = prefixes.setdefault(_canonical(entry.prefix), entry.name)
            if other != entry.name:
                raise InvalidInput(
                    f"{other} and {entry.name} have the same prefix {entry.prefix!r}; remove one"
                )
        return cls(entries, tuple(_notes(listed)))

    def of(self, repository: Repository) -> Registry:
        """Return the registry of ``repository``: the longest prefix on a path's boundary.

        A repository on Docker Hub belongs to the default registry where one is set, and any
        other to the host it names.
        """
        identity = str(repository)
        best: Registry | None = None
        for entry in self.entries:
            prefix = _canonical(entry.prefix)
            if identity == prefix or identity.startswith(f"{prefix}/"):
                best = entry if best is None or len(prefix) > len(_canonical(best.prefix)) else best
        if best is not None:
            return best
        if repository.host == DOCKER_HUB:
            # The one that says so comes before the one that only has no prefix.
            for entry in sorted(self.entries, key=lambda entry: not entry.is_default):
                if entry.is_default or not entry.prefix:
                    return entry
            return Registry("Docker Hub", _DOCKER_HUB_API, DOCKER_HUB)
        scheme = "http" if _LOOPBACK.fullmatch(repository.host) else "https"
        return Registry(repository.host, f"{scheme}://{repository.host}", repository.host)


def _canonical(prefix: str) -> str:
    try:
        # Two components: a single one would be in Docker Hub's `library`.
        return str(Repository.parse(f"{prefix}/x/x")).removesuffix("/x/x")
    except InvalidInput:
        return prefix


def _entry(item: Any, number: int) -> Registry:
    if not isinstance(item, dict):
        raise InvalidInput("not a mapping", where=f"registries[{number}]")
    name = item.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidInput(f"registry name is missing for entry {number}", where="registries")
    for key in item:
        if key not in _KEYS | _NOT_YET:
            raise InvalidInput(
                f"no key {key!r}{nearest(str(key), sorted(_KEYS | _NOT_YET))}",
                where=f"registry {name}",
            )
    api_url = _text(item, "api_url", name)
    if not api_url:
        raise InvalidInput(
            f"API URL must be specified for registry {name}; write api_url: https://<host>"
        )
    if "@" in api_url:
        raise InvalidInput(
            "a user or password does not belong in the URL; write credentials: env:<VARIABLE>",
            where=f"registry {name}: api_url",
        )
    if not api_url.startswith(("https://", "http://")):
        raise InvalidInput(
            f"not an URL: {api_url!r}; write https://<host>", where=f"registry {name}: api_url"
        )
    return Registry(
        name=name,
        api_url=api_url.rstrip("/"),
        prefix=_text(item, "prefix", name).strip("/"),
        default_namespace=_text(item, "defaultns", name).strip("/"),
        credentials=_text(item, "credentials", name),
        insecure=_bool(item, "insecure", name),
        is_default=_bool(item, "default", name),
    )


def _notes(listed: list[Mapping[str, Any]]) -> list[str]:
    return [
        f"registries.conf: {key} of {item['name']} has no effect yet"
        for item in listed
        for key in sorted(_NOT_YET)
        if item.get(key)
    ]


def _text(item: Mapping[str, Any], key: str, name: str) -> str:
    value = item.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(
            f"{value!r} is no text; put it in quotes", where=f"registry {name}: {key}"
        )
    return value.strip()


def _bool(item: Mapping[str, Any], key: str, name: str) -> bool:
    value = item.get(key, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"{value!r} is neither true nor false", where=f"registry {name}: {key}")
    return value
