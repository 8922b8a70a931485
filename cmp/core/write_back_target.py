"""``write-back-target``: which file of a repository takes the images.

Forms and defaults are argocd-image-updater's (reference/image-updater.md §5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cmp.core.keys import WRITE_BACK_TARGET, lock_file_name, nearest
from cmp.errors import InvalidPolicy

if TYPE_CHECKING:
    from typing import Self

HELM_VALUES = "helmvalues"
KUSTOMIZATION = "kustomization"
IMAGE_LOCK_FILE = "image-lock"
ARGOCD_HELM = "argocd-source-helm"
ARGOCD_KUSTOMIZE = "argocd-source-kustomize"

_KEYWORDS = (KUSTOMIZATION, HELM_VALUES)
_ARGOCD = {"helm": ARGOCD_HELM, "kustomize": ARGOCD_KUSTOMIZE}
_SOURCE_FILE = ".argocd-source-"
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""In the order in which kustomize looks for them (konfig, RecognizedKustomizationFileNames)."""


class WriteBackTarget(NamedTuple):
    """A file that takes images."""

    kind: str
    """One of the constants above: a key of `cmp.writeback.TARGETS`."""
    files: tuple[str, ...]
    """From the repository's root: the first of them that is there."""

    @classmethod
    def parse(cls, text: str, *, source: str, path: str, instance: str) -> Self:
        """Read the key; raise `InvalidPolicy` with the way out.

        Args:
            text: the key's value; empty for what the kind of source has by default.
            source: what renders it: ``helm``, ``kustomize`` or ``plugin``.
            path: of the source in its repository.
            instance: the Application's name as Argo CD gives it to the source.
        """
        try:
            return cls._read(text.strip(), source, path, instance)
        except InvalidPolicy as error:
            raise error.within(WRITE_BACK_TARGET) from None

    @classmethod
    def _read(cls, text: str, source: str, path: str, instance: str) -> Self:
        if source == "plugin":  # which reads its lock file, whatever a native source had
            return cls(IMAGE_LOCK_FILE, (_below(path, lock_file_name(instance)),))
        keyword, colon, where = text.partition(":")
        if not text:
            return cls(_argocd(source), (_below(path, f"{_SOURCE_FILE}{instance}.yaml"),))
        if keyword == HELM_VALUES:
            return cls(HELM_VALUES, (_below(path, _file(where) if colon else "values.yaml"),))
        if keyword == KUSTOMIZATION:
            names = (f"{where}/{name}" if where else name for name in KUSTOMIZATION_NAMES)
            return cls(KUSTOMIZATION, tuple(_below(path, name) for name in names))
        if colon:
            raise InvalidPolicy(
                f"no target {keyword!r}{nearest(keyword, _KEYWORDS)}; write kustomization, "
                "helmvalues or a file"
            )
        return cls(*_bare(_below("", _file(text)), source))


def _bare(file: str, source: str) -> tuple[str, tuple[str, ...]]:
    """Return the kind of a file that is named without one: from the root, and of values (1.x)."""
    folder, _, name = file.rpartition("/")
    if name in KUSTOMIZATION_NAMES:
        raise InvalidPolicy(f"{file} is a kustomization; write kustomization:/{folder}")
    if name.startswith(_SOURCE_FILE):
        return _argocd(source), (file,)
    if source != "helm":
        raise InvalidPolicy(
            f"Argo CD reads no images of a kustomization from {file}; write kustomization, or "
            f"remove the key for {_SOURCE_FILE}<application>.yaml"
        )
    return HELM_VALUES, (file,)


def _argocd(source: str) -> str:
    if source not in _ARGOCD:
        raise InvalidPolicy(
            "Argo CD takes images for Helm and Kustomize only; write kustomization or helmvalues "
            "with a file"
        )
    return _ARGOCD[source]


def _file(where: str) -> str:
    if not where or where.endswith("/"):
        raise InvalidPolicy(f"{where!r} names no file; name one, as in helmvalues:values.yaml")
    return where


def _below(path: str, written: str) -> str:
    """Return a path from the repository's root; one that begins there has a slash before it.

    Links are for whoever opens the file.
    """
    parts: list[str] = []
    for part in written.split("/") if written.startswith("/") else f"{path}/{written}".split("/"):
        if part == ".." and not parts:
            raise InvalidPolicy(f"{written!r} leads out of the repository; name a file inside it")
        if part == "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if any(part.lower() == ".git" for part in parts):
        raise InvalidPolicy(f"{written!r} is Git's own; name another file")
    if not written.isprintable():
        raise InvalidPolicy(f"{written!r} has characters that cannot be seen; name another file")
    return "/".join(parts)
