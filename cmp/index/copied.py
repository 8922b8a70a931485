"""A store copied into a directory: whole documents, checked, the manifest last."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from cmp.errors import IndexTorn
from cmp.index.either_document import load_document

if TYPE_CHECKING:
    from cmp.index import Manifest
    from cmp.index.file import FileIndex
    from cmp.index.protocols import Published

_WHOLE_AGAIN_S = 3600.0
"""After so long all documents are copied, whether they are said to have changed or not."""
_NOTHING = -1  # the first generation is 0


class Copy:
    """Keeps a directory as a store is, and as complete as it once was."""

    def __init__(self, store: Published, directory: FileIndex) -> None:
        """Copy from ``store`` into ``directory``; `update` does it."""
        self._store = store
        self._directory = directory
        self._whole_at_s = float("-inf")

    def update(self) -> None:
        """Copy what is new.

        A complete copy is never replaced by an incomplete one (design §3). Raises
        `IndexUnavailable` when the store does not answer or one of its documents is not whole;
        the manifest of the directory then stays what it was.
        """
        present, offered = self.present(), self._store.manifest()
        if offered is None or not offered.complete or offered == present:
            return
        same = present is not None and present.epoch == offered.epoch
        is_whole = not same or time.monotonic() - self._whole_at_s > _WHOLE_AGAIN_S
        after = present.generation if present and not is_whole else _NOTHING
        kept = []
        for document in self._store.changed(after):
            if document.data is None:
                self._directory.drop([(document.kind, document.identity)])
                continue
            load_document(document.kind, document.identity, document.data)
            self._directory.put_document(document.kind, document.identity, document.data)
            kept.append((document.kind, document.identity))
        if is_whole:
            self._directory.drop_others(kept)
            self._whole_at_s = time.monotonic()
        self._directory.put_manifest(offered)

    def present(self) -> Manifest | None:
        """Return the manifest of what is in the directory; None while that is not complete."""
        try:
            manifest = self._directory.manifest()
        except IndexTorn:
            return None
        return manifest if manifest and manifest.complete else None
