"""A real registry's content, written where it keeps it: thousands of tags in seconds.

The layout is that of the filesystem driver (distribution 3, registry/storage/paths.go). The
registry reads it with each request, for `RegistryServer` gives it no cache.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import images
from tests.support.registry import RegistryServer


class Storage:
    """One repository in a registry's folder, a target of what `tests.support.images` makes.

    Example:
        app = Storage(registry, "team/app")
        app.tag(put_image(app, "v1"), "v2", "v3")
    """

    def __init__(self, registry: RegistryServer, repository: str) -> None:
        top = registry.content / "docker" / "registry" / "v2"
        self._blobs = top / "blobs" / "sha256"
        self._layers = top / "repositories" / repository / "_layers" / "sha256"
        self._manifests = top / "repositories" / repository / "_manifests"
        (self._manifests / "tags").mkdir(parents=True, exist_ok=True)

    def put_blob(self, media_type: str, content: bytes) -> images.Descriptor:
        """Keep a blob, once however often it is put."""
        described = images.descriptor(media_type, content)
        name = _hexadecimal(described["digest"])
        self._put(name, content)
        _link(self._layers / name, name)
        return described

    def put_manifest(
        self,
        media_type: str,  # noqa: ARG002 - a `Target` is told
        content: bytes,
        tag: str = "",
    ) -> str:
        """Keep a manifest, and what to call it; the registry reads its type from its text."""
        digest = images.digest_of(content)
        name = _hexadecimal(digest)
        self._put(name, content)
        _link(self._manifests / "revisions" / "sha256" / name, name)
        if tag:
            self.tag(digest, tag)
        return digest

    def tag(self, digest: str, *names: str) -> None:
        """Point tags, new or old, at a manifest that is there.

        A tag is a link to a folder that all tags of the manifest share, a third of the inodes.
        Push to none of them through the registry: it would write what they share.
        """
        name = _hexadecimal(digest)
        _link(self._manifests / "shared" / name / "current", name)
        for tag in names:
            link = self._manifests / "tags" / tag
            link.unlink(missing_ok=True)
            link.symlink_to(f"../shared/{name}")

    def _put(self, name: str, content: bytes) -> None:
        folder = self._blobs / name[:2] / name
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "data").write_bytes(content)


def fill(registry: RegistryServer, repository: str, tags: Iterable[str]) -> Storage:
    """Make a repository all of whose tags are one image."""
    target = Storage(registry, repository)
    target.tag(images.put_image(target, ""), *tags)
    return target


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Return a folder for many small files: in memory, where the system has such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own within it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def _link(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link").write_text(f"sha256:{name}")


def _hexadecimal(digest: str) -> str:
    return digest.removeprefix("sha256:")
