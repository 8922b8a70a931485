"""An index written down for people: which tags there are, and what was decided.

    images:
      registry.test/team/app: [v1, v2, v4]
      registry.test/team/redis: {6.0.9: "sha256:…"}
    decisions:
      app: v4
      redis: {tag: 6.0.9, digest: "sha256:…", held: "on hold: a freeze"}

The decisions are the Application's, made under the policy it has now; ``under`` names keys that
it had instead, and ``pinned`` says that a person named the tag. With ``recorded: false`` there is
no record of the Application at all.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cmp.core.application import Application, Source
from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage, read_image_list
from cmp.core.record import ApplicationRecord, Recorded, SourceRecord
from cmp.core.snapshot import Snapshot, Tag
from cmp.index import Manifest
from cmp.index.file import FileIndex
from tests.support.values import day

LISTED = day(31)


def write_index(root: Path, described: Mapping[str, Any], application: Application) -> FileIndex:
    """Write the index that ``described`` says into ``root``, complete and of today."""
    index = FileIndex(f"file://{root}")
    for name, tags in described.get("images", {}).items():
        digests = dict(tags) if isinstance(tags, dict) else dict.fromkeys(tags, "")
        known = {str(t): Tag(str(t), day(1), digest or "") for t, digest in digests.items()}
        index.put_snapshot(Snapshot(Repository.parse(name), LISTED, known))
    source = application.policy_source
    assert source
    if described.get("recorded", True):
        record = _record(described.get("decisions", {}), application, source)
        index.put_application(record)
    index.put_manifest(Manifest("described", 1, datetime(9999, 1, 1, tzinfo=UTC), complete=True))
    return index


def _record(
    decisions: Mapping[str, Any], application: Application, source: Source
) -> ApplicationRecord:
    annotations = application.policy(source)
    parameters = {n: v for n, v in source.parameters.items() if isinstance(v, str)}
    recorded = {}
    for alias, said in decisions.items():
        decision = said if isinstance(said, dict) else {"tag": said}
        keys = {**annotations, **parameters, **decision.get("under", {})}
        (image,) = (i for i in read_image_list(keys).images if i.alias == alias)
        recorded[alias] = _recorded(image, decision)
    found = SourceRecord(source.id, annotations, parameters, recorded)
    return ApplicationRecord(application.name, str(application), (found,), 1)


def _recorded(image: ManagedImage, decision: Mapping[str, Any]) -> Recorded:
    return Recorded(
        id="d-0123456789",
        repository=image.repository,
        tag=decision["tag"],
        digest=decision.get("digest", ""),
        fingerprint=image.policy.fingerprint(),
        chosen_under="" if decision.get("pinned") else image.policy.floor_key(),
        since=day(10),
        why=decision.get("why", "newest of 4 allowed tags"),
        held=decision.get("held", ""),
    )
