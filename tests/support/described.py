"""An index written down for people: which tags there are, and what was decided.

    images:
      registry.test/team/app: [v1, v2, v4]
      registry.test/team/redis: {6.0.9: "sha256:…"}
    decisions:
      app: v4
      redis: {tag: 6.0.9, digest: "sha256:…", held: "on hold: a freeze"}

The decisions are the Application's, made under the policy it has now; ``under`` names keys that
it had instead, ``pinned`` says that its owner named the tag, and ``by: person`` that one told the
refresher so. With ``recorded: false`` there is no record of the Application at all.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cmp.core.application import PLUGIN, Application
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
    if described.get("recorded", True):
        index.put_application(_record(described.get("decisions", {}), application))
    index.put_manifest(Manifest("described", 1, datetime(9999, 1, 1, tzinfo=UTC), complete=True))
    return index


def _record(decisions: Mapping[str, Any], application: Application) -> ApplicationRecord:
    """Return what a refresher would have recorded of the plugin's sources, or the native one."""
    sources = [s for s in application.sources if s.plugin == PLUGIN] or application.sources[:1]
    found = []
    for source in sources:
        annotations = application.policy(source)
        parameters = {n: v for n, v in source.parameters.items() if isinstance(v, str)}
        recorded = {
            image.alias: _recorded(image, decision)
            for alias, decision in _decisions(decisions).items()
            for image in read_image_list({**annotations, **parameters, **_under(decision)}).images
            if image.alias == alias
        }
        found.append(SourceRecord(source.id, annotations, parameters, recorded))
    return ApplicationRecord(application.name, str(application), tuple(found), 1)


def _decisions(written: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {a: said if isinstance(said, dict) else {"tag": said} for a, said in written.items()}


def _under(decision: Mapping[str, Any]) -> dict[str, str]:
    return dict(decision.get("under", {}))


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
        by=decision.get("by", ""),
    )
