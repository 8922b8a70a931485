"""Documents of the index, made up: by hand, and by Hypothesis."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from cmp.core.image import Repository
from cmp.core.people import HOLD, KINDS, PERSON, Instruction, Rejected
from cmp.core.record import ApplicationRecord, Recorded, SourceId, SourceRecord
from cmp.core.snapshot import Snapshot, Tag
from cmp.index import Manifest

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
REPOSITORY = Repository.parse("registry.test/team/app")

_word = st.text(alphabet="abcxyz0189", min_size=1, max_size=8)
_text = st.text(max_size=20)
_times = st.datetimes(timezones=st.just(UTC))
_hosts = st.sampled_from(["registry.test", "registry.test:5000", "localhost", "docker.io"])
_generations = st.integers(min_value=0)
_keys = st.dictionaries(_text, _text, max_size=3)

repositories = st.builds(
    lambda host, parts: Repository.parse(f"{host}/{'/'.join(parts)}"),
    _hosts,
    st.lists(_word, min_size=1, max_size=3),
)
tags = st.builds(
    Tag,
    name=_text,
    first_seen=st.none() | _times,
    digest=st.none() | _word,
    created=st.dictionaries(_text, _times, max_size=3),
    kind=st.sampled_from(["", "image", "artifact"]),
)
snapshots = st.builds(
    Snapshot,
    repository=repositories,
    listed_at=_times,
    tags=st.lists(tags, max_size=4).map(lambda found: {tag.name: tag for tag in found}),
    generation=_generations,
)
decisions = st.builds(
    Recorded,
    id=_text,
    repository=repositories,
    tag=_text,
    digest=_text,
    fingerprint=_text,
    chosen_under=_text,
    since=_times,
    why=_text,
    held=_text,
    by=st.sampled_from(["", PERSON]),
)
instructions = st.builds(
    Instruction,
    kind=st.sampled_from(KINDS),
    by=_text,
    at=_times,
    tag=_text,
    digest=_text,
    reason=_text,
    until=st.none() | _times,
    rejected=st.none() | st.builds(Rejected, tag=_text, digest=_text, created=st.none() | _times),
)
records = st.builds(
    ApplicationRecord,
    instance=_text.filter(bool),
    application=_text,
    sources=st.lists(
        st.builds(
            SourceRecord,
            source=st.builds(
                SourceId, repo_url=_text, path=_text, chart=_text, target_revision=_text
            ),
            annotations=_keys,
            parameters=_keys,
            decisions=st.dictionaries(_text, decisions, max_size=2),
            instructions=st.dictionaries(_text, instructions, max_size=2),
        ),
        max_size=2,
    ).map(tuple),
    generation=_generations,
)
manifests = st.builds(
    Manifest, epoch=_text, generation=_generations, time=_times, complete=st.booleans()
)
histories = st.dictionaries(_text, st.lists(decisions, max_size=3).map(tuple), max_size=2)


def decision(tag: str = "v4", *, repository: Repository = REPOSITORY) -> Recorded:
    """Return a decision with all its fields."""
    return Recorded("d-1", repository, tag, "", "semver", "semver", NOW, "newest")


def told() -> Instruction:
    """Return what somebody said."""
    return Instruction(HOLD, "alice", NOW, reason="freeze")


def record(instance: str = "guestbook", *, tag: str = "v4") -> ApplicationRecord:
    """Return a record with one source and one image."""
    source = SourceId("https://git.test/guestbook.git", path="helm", target_revision="main")
    keys = {"image-list": f"guestbook={REPOSITORY}"}
    sources = (SourceRecord(source, keys, {}, {"guestbook": decision(tag)}),)
    return ApplicationRecord(instance, f"argocd/{instance}", sources)


def snapshot(*names: str, repository: Repository = REPOSITORY) -> Snapshot:
    """Return a snapshot that shows tags with all that can be known of them."""
    tags = {
        name: Tag(name, NOW, f"sha256:{'0' * 64}", {"linux/amd64": NOW}, "image") for name in names
    }
    return Snapshot(repository, NOW, tags, generation=7)
