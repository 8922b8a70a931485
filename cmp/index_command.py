"""COMMAND  What an index holds, and taking it elsewhere as one file."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from cmp.core.aligned import aligned
from cmp.core.image import Repository, reference_suffix
from cmp.core.keys import nearest
from cmp.core.record import ApplicationRecord
from cmp.core.snapshot import Snapshot
from cmp.errors import EdgeFailed, IndexUnavailable, InvalidInput
from cmp.index import Manifest, documents, open_index
from cmp.index.either_document import load_document
from cmp.index.exported import read_store
from cmp.index.imported import put_export
from cmp.index.json_document import format_time
from cmp.index.snapshot_document import dump_snapshot
from cmp.settings import DEFAULT_INDEX, setting

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from cmp.index.protocols import Store

_ALL = -1  # the first generation is 0
_STANDARD_OUTPUT = "-"


def configure(parser: "ArgumentParser") -> None:
    """Declare what can be done, and the arguments of each."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    summaries = {
        "ls": "list the Applications and repositories that it knows",
        "show": "show what it has of an Application or a repository",
        "export": "write all of it to a file",
        "import": "publish what a file has, in an empty store or with --replace in another",
    }
    for verb, summary in summaries.items():
        command = verbs.add_parser(verb, help=summary, description=f"{summary}.")
        command.add_argument(
            "--store",
            metavar="URL",
            help=f"file://, redis:// or rediss:// (default: {DEFAULT_INDEX})",
        )
        if verb in ("ls", "show"):
            command.add_argument("-o", "--output", choices=("text", "json"), default="text")
        if verb == "show":
            command.add_argument("name", metavar="NAME", help="name, namespace/name, or host/path")
        if verb in ("export", "import"):
            other = "; - for standard output" if verb == "export" else ""
            command.add_argument("file", metavar="FILE", help=f"JSON, a document a line{other}")
        if verb == "import":
            command.add_argument(
                "--replace", action="store_true", help="what is there goes, also if it is newer"
            )


def main(args: "Namespace", env: Mapping[str, str], now: datetime) -> int:
    """Do one of them."""
    url = setting(args.store, env, "CMP_STORE", DEFAULT_INDEX)
    store = open_index(url, env)
    if args.verb == "export":
        _export(store, url, args.file)
        return 0
    if args.verb == "import":
        return _import(store, url, args, now)
    manifest = store.manifest()
    if manifest is None:
        raise IndexUnavailable("nothing was ever published there; run `refresh`", where=url)
    records, snapshots = _documents(store)
    if args.verb == "ls":
        document, lines = _listed(manifest, records, snapshots)
    else:
        document, lines = _shown(args.name, url, records, snapshots)
    text = json.dumps(document, indent=2) if args.output == "json" else "\n".join(lines)
    sys.stdout.write(f"{text}\n")
    return 0


Shown = tuple[object, Iterator[str]]
"""The same for a program and for a person."""


def _documents(store: "Store") -> tuple[list[ApplicationRecord], list[Snapshot]]:
    records, snapshots = list[ApplicationRecord](), list[Snapshot]()
    for document in store.changed(_ALL):
        if document.data is None:
            continue  # it was forgotten
        found = load_document(document.kind, document.identity, document.data)
        if isinstance(found, Snapshot):
            snapshots.append(found)
        else:
            records.append(found)
    records.sort(key=lambda record: record.instance)
    snapshots.sort(key=lambda snapshot: str(snapshot.repository))
    return records, snapshots


def _listed(
    manifest: Manifest, records: list[ApplicationRecord], snapshots: list[Snapshot]
) -> Shown:
    document = {
        "manifest": json.loads(documents.dump_manifest(manifest)),
        "applications": [
            {"application": r.application, "instance": r.instance, "images": dict(_images(r))}
            for r in records
        ],
        "repositories": [
            {
                "repository": str(s.repository),
                "tags": len(s.tags),
                "listed_at": format_time(s.listed_at),
            }
            for s in snapshots
        ],
    }
    return document, _listed_lines(manifest, records, snapshots)


def _listed_lines(
    manifest: Manifest, records: list[ApplicationRecord], snapshots: list[Snapshot]
) -> Iterator[str]:
    state = "complete" if manifest.complete else "not complete yet"
    yield f"generation {manifest.generation}, {format_time(manifest.time)}, {state}"
    if records:
        rows = [(r.application, " ".join(f"{a}{t}" for a, t in _images(r))) for r in records]
        yield from ("", *aligned([("APPLICATION", "IMAGES"), *rows]))
    if snapshots:
        found = [(str(s.repository), str(len(s.tags)), format_time(s.listed_at)) for s in snapshots]
        yield from ("", *aligned([("REPOSITORY", "TAGS", "LISTED"), *found]))


def _images(record: ApplicationRecord) -> Iterator[tuple[str, str]]:
    """Yield each alias with what is chosen, as ``:v4``; empty where the image is Git's."""
    for source in record.sources:
        for alias, decision in source.decisions.items():
            yield alias, reference_suffix(decision.tag, decision.digest) if decision.tag else ""


def _shown(
    name: str, url: str, records: list[ApplicationRecord], snapshots: list[Snapshot]
) -> Shown:
    for record in records:
        if name in (record.application, record.instance, record.application.partition("/")[2]):
            return json.loads(documents.dump_application(record)), _record_lines(record)
    with suppress(InvalidInput):
        repository = Repository.parse(name)
        for snapshot in snapshots:
            if snapshot.repository == repository:
                return json.loads(dump_snapshot(snapshot)), _snapshot_lines(snapshot)
    known = [record.application for record in records]
    known += [str(snapshot.repository) for snapshot in snapshots]
    raise InvalidInput(
        f"the index has no application and no repository {name!r}{nearest(name, known)}; "
        "`index ls` lists them",
        where=url,
    )


def _record_lines(record: ApplicationRecord) -> Iterator[str]:
    yield f"application {record.application}, of generation {record.generation}"
    for source in record.sources:
        yield f"  source {source.source}"
        for key, value in {**source.annotations, **source.parameters}.items():
            yield f"    {key}: {value}"
        for alias, told in source.instructions.items():
            yield f"    told   {alias}: {told.why}"
        rows = [
            (alias, reference_suffix(d.tag, d.digest), format_time(d.since), d.held or d.why)
            for alias, d in source.decisions.items()
        ]
        if rows:
            table = aligned([("IMAGE", "CHOSEN", "SINCE", "WHY"), *rows])
            yield from (f"    {line}" for line in table)


def _snapshot_lines(snapshot: Snapshot) -> Iterator[str]:
    listed = format_time(snapshot.listed_at)
    yield f"repository {snapshot.repository}, of generation {snapshot.generation}, listed {listed}"
    rows = [
        (
            tag.name,
            format_time(tag.first_seen) if tag.first_seen else "",
            format_time(max(tag.created.values())) if tag.created else "",
            tag.digest or "",
        )
        for tag in snapshot.tags.values()
    ]
    if rows:
        table = aligned([("TAG", "FIRST SEEN", "CREATED", "DIGEST"), *rows])
        yield from (f"  {line}" for line in table)


def _export(store: "Store", url: str, target: str) -> None:
    """Write the file as a whole, readable by its owner: policies are a company's own matter."""
    lines = read_store(store, url)
    if target == _STANDARD_OUTPUT:
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
        return
    folder = os.path.dirname(target) or "."
    with NamedTemporaryFile(dir=folder, prefix=".index-", delete=False) as file:
        try:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
            os.replace(file.name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(file.name)
            raise
    sys.stdout.write(f"{target}: {len(lines) - 2} documents of {url}\n")


def _import(store: "Store", url: str, args: "Namespace", now: datetime) -> int:
    try:
        with open(args.file, "rb") as file:
            done = put_export(store, url, file, now, may_replace=args.replace)
    except OSError as error:
        raise EdgeFailed(f"cannot be read: {error.strerror}", where=args.file) from error
    counts, manifest = done.counts, done.manifest
    sys.stdout.write(
        f"{url}: published as generation {manifest.generation}; "
        f"applications: {counts['application']}, repositories: {counts['repository']}\n"
    )
    if not manifest.complete:
        sys.stdout.write("note: the exported index was not complete yet; run `refresh`\n")
    for instance, told in done.said:
        for name, instruction in told.items():
            sys.stdout.write(
                f"note: {instance}: {name}: {instruction.why}; a refresher of a cluster has such "
                "words in a ConfigMap: say it again there\n"
            )
    return 0
