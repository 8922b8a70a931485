"""What an index can do, in halves: render is given the reader.

Types only: nothing imports this at run time.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from cmp.core.image import Repository
from cmp.core.people import Instruction
from cmp.core.record import ApplicationRecord, History
from cmp.core.snapshot import Snapshot
from cmp.index import Acknowledged, Document, Manifest, Touch


class IndexReader(Protocol):
    """What ``render`` may do with the index.

    Each method raises `IndexUnavailable` when the answer could not be had: no document and
    no answer are different things, and only the first is normal.
    """

    def manifest(self) -> Manifest | None:
        """Return the manifest, or None if nothing was ever published here."""

    def snapshot(self, repository: Repository) -> Snapshot | None:
        """Return the latest snapshot, or None if the repository was never listed."""

    def application(self, instance: str) -> ApplicationRecord | None:
        """Return what is recorded of an Application, or None if nothing is."""

    def instances(self) -> tuple[str, ...]:
        """Return the instance names of all recorded Applications, sorted."""


class IndexWriter(Protocol):
    """What only ``refresh`` may do. A reader sees each document old or new, never half."""

    def begin(self) -> None:
        """Begin a publication: write from now on with a schema that all live mirrors can read."""

    def forget(self, documents: Iterable[tuple[str, str]], generation: int, now: datetime) -> None:
        """Delete snapshots and records, by kind and identity; mirrors are told so for a day.

        ``generation`` is that of the publication; one that is not there is no error.
        """

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Replace the repository's snapshot."""

    def put_application(self, record: ApplicationRecord) -> None:
        """Replace the Application's record."""

    def put_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest; last of a publication."""


class Index(IndexReader, IndexWriter, Protocol):
    """Both halves: what a backend implements."""


class Copied(Protocol):
    """A store whose documents can be read as they are written."""

    def manifest(self) -> Manifest | None:
        """Return the manifest, or None if nothing was ever published here."""

    def changed(self, after: int) -> Iterator[Document]:
        """Yield the documents whose generation is above ``after``, as they are written.

        One that was forgotten has no data.
        """


class Published(Copied, Protocol):
    """A store that mirrors read from."""

    def acknowledge(self, acknowledged: Acknowledged) -> None:
        """Say, for some seconds, what a mirror has."""


class Store(Index, Copied, Protocol):
    """An index that also keeps the state, for there is no cluster to do so."""

    def documents(self) -> Iterator[tuple[str, str]]:
        """Yield kind and identity of all snapshots and records."""

    def history(self, instance: str) -> History:
        """Return an Application's past decisions; empty when there are none."""

    def put_history(self, instance: str, history: History) -> None:
        """Replace an Application's past decisions."""

    def instructions(self, instance: str) -> Mapping[str, Instruction]:
        """Return what people said of an Application's images; empty when nothing was."""

    def put_instructions(self, instance: str, told: Mapping[str, Instruction]) -> None:
        """Replace what people said of an Application's images."""

    def writing(self) -> AbstractContextManager[None]:
        """Hold the store for one writer; raise `IndexUnavailable` when another has it."""

    def mirrors(self) -> tuple[Acknowledged, ...]:
        """Return what each mirror that lives has, by the names of their Pods."""

    def touch(self, touches: Iterable[Touch]) -> None:
        """Leave, for the refresher that works, what is to be looked at now."""

    def take_touched(self) -> frozenset[Touch]:
        """Return what was left so, each once; it is not there any more."""
