"""One registry, and a place that is listed elsewhere than it is deployed from."""

import re
from dataclasses import dataclass, field

from cmp.core.image import DOCKER_HUB, Repository
from cmp.errors import InvalidInput
from cmp.registry.auth.docker_config import place as host_and_path

DOCKER_HUB_API = "https://registry-1.docker.io"
DOCKER_HUB_LIMIT = 10  # as argocd-image-updater (registry-scanner/pkg/registry/endpoints.go)
_DOCKER_HUB_APIS = frozenset({DOCKER_HUB_API, "https://index.docker.io"})
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_API_VERSION = re.compile(r"v[12](?:/|\Z)")  # https://index.docker.io/v1/, as `docker login` has it


@dataclass(frozen=True, slots=True)
class Registry:
    """One registry: where its API is, how it is asked, and whose credentials it takes."""

    name: str
    api_url: str
    prefix: str = ""
    """A `place`: host, or host and the beginning of a path, of its images; none: the default's."""
    default_namespace: str = ""
    """Goes before a repository of one component, as ``library`` does on Docker Hub."""
    credentials: str = field(default="", repr=False)
    insecure: bool = False
    """Its certificate is not verified."""
    is_default: bool = False
    limit: int = 0
    """Requests a second that it is asked at most; 0 for any number."""
    credentials_valid_s: float | None = None
    """After how long a credential is fetched anew; None for never."""
    tag_order: str = ""
    """By what it lists tags: ``latest-first``, ``latest-last``, or nothing to rely on."""
    ca: str = field(default="", repr=False)
    """Certificates that are trusted besides the system's, in PEM."""

    @property
    def host(self) -> str:
        """As in the names of the images it holds, and in a Docker configuration."""
        return host_and_path(self.prefix or self.api_url)[0]

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
        namespace = self.default_namespace or ("library" if self._has_docker_hub else "")
        return f"{namespace}/{name}" if namespace else name

    @property
    def is_docker_hub(self) -> bool:
        """Whether Docker Hub itself is asked, and not a mirror of it."""
        return self.api_url in _DOCKER_HUB_APIS

    @property
    def _has_docker_hub(self) -> bool:
        return self.is_docker_hub or self.prefix.partition("/")[0] == DOCKER_HUB


@dataclass(frozen=True, slots=True)
class ScanAs:
    """A place whose images are listed as if they were at another: a mirror without an API."""

    name: str
    prefix: str
    """The `place` that images are deployed from."""
    scan_as: str
    """The `place` that they are listed at."""

    def listed(self, repository: Repository) -> Repository:
        """Return what to list instead of ``repository``, which has to be under the prefix.

        Raises `InvalidInput` where nothing of its path is left.
        """
        rest = str(repository).removeprefix(self.prefix)
        if not rest and "/" not in self.scan_as:
            raise InvalidInput(
                f"{repository} is the prefix of registry {self.name} and no image under it, "
                f"so scan_as: {self.scan_as} names none; write its path behind the prefix"
            )
        return Repository.parse(f"{self.scan_as}{rest}")


def place(text: str) -> str:
    """Return ``<host>[/<path>]`` as `str` of a repository begins: one spelling for one place.

    Docker Hub's hosts are one, also as ``https://index.docker.io/v1/``. Raises `InvalidInput`,
    also for a single name: as an image, ``team/app`` is on Docker Hub, not on a host ``team``.
    """
    if "@" in text:
        raise InvalidInput("a user or password does not belong here; write <host>[/<path>]")
    host, _, path = _SCHEME.sub("", text, count=1).strip("/").partition("/")
    try:
        # Two components: a single one would be in Docker Hub's `library`.
        found = Repository.parse(f"{host}/x/x")
        if found.path == "x/x":
            if found.host == DOCKER_HUB:
                path = _API_VERSION.sub("", path, count=1) if _API_VERSION.match(path) else path
            whole = f"{host}/{path}/x/x" if path else f"{host}/x/x"
            return str(Repository.parse(whole)).removesuffix("/x/x")
    except InvalidInput:
        pass
    raise InvalidInput(
        f"not where images are: {text!r}; write <host>[/<path>], whole parts of a path, "
        f"and {DOCKER_HUB}/<name> for a name on Docker Hub"
    )


def is_under(inner: str, outer: str) -> bool:
    """Tell whether ``inner`` is the place ``outer`` or in it: no part of a name is a place."""
    return inner == outer or inner.startswith(f"{outer}/")
