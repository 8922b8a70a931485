"""The floor over whole histories of a repository, under a policy that stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cmp.core.image import Repository
from cmp.core.image_list import ManagedImage, Target
from cmp.core.policy import ALPHABETICAL, FIRST_SEEN, PEP440, SEMVER, Policy
from cmp.core.record import Recorded
from cmp.core.selection import Selection
from cmp.core.snapshot import Snapshot, Tag, listed
from cmp.refresh.decisions import decide_image, record
from tests.support.values import DIGEST, OTHER_DIGEST

_REPOSITORY = Repository.parse("registry.test/team/app")
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_NAMES = ["1.0.0", "v1.0.0", "1.1.0", "1.2.0-rc1", "1.10.0", "2.0.0", "edge", "2026.01.05"]
_LISTS = st.lists(st.lists(st.sampled_from(_NAMES), unique=True), min_size=2, max_size=8)


def _policy(strategy: str, digest: str, min_age: str, ignored: tuple[str, ...]) -> Policy:
    return Policy(strategy, digest=digest, min_age=min_age, ignore_tags=ignored)


_POLICIES = st.builds(
    _policy,
    st.sampled_from([SEMVER, ALPHABETICAL, PEP440, FIRST_SEEN]),
    st.sampled_from(["", "tag@digest", "digest-only"]),
    st.sampled_from(["", "90m"]),
    st.sampled_from([(), ("edge",), ("*rc*",)]),
)


def _passes(
    policy: Policy, lists: list[list[str]], digests: list[str]
) -> list[tuple[Snapshot, Recorded | None]]:
    """Make a pass an hour; a tag of even length is pushed again whenever a digest changes."""
    image = ManagedImage("app", _REPOSITORY, policy, Target())
    snapshot: Snapshot | None = None
    recorded: Recorded | None = None
    passes = []
    for number, names in enumerate(lists):
        now = _BEGIN + timedelta(hours=number)
        snapshot = listed(_REPOSITORY, names, now, snapshot)
        digest = digests[number % len(digests)]
        pushed = {
            name: replace(tag, digest=DIGEST if len(name) % 2 else digest)
            for name, tag in snapshot.tags.items()
        }
        snapshot = replace(snapshot, tags=pushed)
        recorded = record(decide_image(image, snapshot, recorded), "guestbook", now)
        passes.append((snapshot, recorded))
    return passes


@settings(max_examples=300)
@given(_POLICIES, _LISTS, st.lists(st.sampled_from([DIGEST, OTHER_DIGEST]), min_size=1))
def test_a_choice_never_ranks_lower_than_the_one_before(
    policy: Policy, lists: list[list[str]], digests: list[str]
) -> None:
    selection = Selection.of(policy)
    before: Recorded | None = None
    for snapshot, after in _passes(policy, lists, digests):
        assert after is not None or before is None
        if before is not None and after is not None and after.tag != before.tag:
            old = snapshot.tags.get(before.tag) or Tag(before.tag, snapshot.gone.get(before.tag))
            new_rank, old_rank = (selection.rank(tag) for tag in (snapshot.tags[after.tag], old))
            assert isinstance(new_rank, tuple)
            assert isinstance(old_rank, tuple)
            assert new_rank[:-1] >= old_rank[:-1]
        before = after
