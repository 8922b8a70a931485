"""When a repository is listed: at each pass, less often, or at once."""

import pytest

from cmp.core.image import Repository
from cmp.refresh.turns import CHANGE, INTERVAL, PUSH, Due, Turns, passes_between

APP = Repository.parse("registry.test/team/app")
OTHER = Repository.parse("registry.test/team/other")
BOTH = frozenset({APP, OTHER})
NONE: frozenset[Repository] = frozenset()
INTERVAL_S = 120.0
HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@pytest.mark.parametrize(
    ("since_known_s", "since_changed_s", "by", "passes"),
    [
        pytest.param(0, None, "", 1, id="new"),
        pytest.param(DAY_S - 1, None, "", 1, id="quiet-for-less-than-a-day"),
        pytest.param(DAY_S, None, "", 2, id="quiet-for-a-day"),
        pytest.param(9 * DAY_S, HOUR_S, INTERVAL, 1, id="changed-of-late"),
        pytest.param(9 * DAY_S, DAY_S, INTERVAL, 2, id="changed-a-day-ago"),
        pytest.param(9 * DAY_S, HOUR_S, PUSH, 5, id="a-push-was-told-of-late"),
        pytest.param(9 * DAY_S, DAY_S, PUSH, 2, id="a-push-was-told-a-day-ago"),
    ],
)
def test_passes_between(
    since_known_s: float, since_changed_s: float | None, by: str, passes: int
) -> None:
    now_s = 100 * DAY_S
    changed_s = None if since_changed_s is None else now_s - since_changed_s

    found = passes_between(now_s, now_s - since_known_s, changed_s, announced=by == PUSH)

    assert found == passes


class Life:
    """Turns, and a clock that is set by hand; a pass takes no time."""

    def __init__(self) -> None:
        self.turns = Turns(INTERVAL_S)
        self.now_s = 1000.0
        self.turns.know(BOTH, self.now_s)

    def listed(
        self,
        *,
        after_s: float = INTERVAL_S,
        whole: bool = True,
        changed: frozenset[Repository] = NONE,
        news: frozenset[Repository] = NONE,
        failed: frozenset[Repository] = NONE,
    ) -> dict[Repository, str]:
        """Make a pass; return what it listed, and why."""
        self.now_s += after_s
        due = self.turns.begin(changed, self.now_s, whole=whole)
        self.turns.end(due, frozenset(due.keys() - failed), news, self.now_s)
        return {repository: cause for repository, (cause, _) in due.items()}

    def touch(self, *repositories: Repository) -> None:
        self.turns.touch(dict.fromkeys(repositories, self.now_s))


def test_a_whole_pass_lists_all_and_another_what_changed() -> None:
    life = Life()

    assert life.listed() == {APP: INTERVAL, OTHER: INTERVAL}
    assert life.listed(whole=False) == {}
    assert life.listed(whole=False, changed=frozenset({APP})) == {APP: CHANGE}


def test_owners_and_pushes_have_their_own_bounds() -> None:
    life = Life()
    life.listed()

    assert life.listed(after_s=9.9, whole=False, changed=frozenset({APP})) == {}
    life.touch(APP)
    assert life.listed(after_s=0, whole=False) == {APP: PUSH}
    life.touch(APP)
    assert life.turns.next_s == life.now_s + 1
    assert life.listed(after_s=0.9, whole=False) == {}
    assert life.listed(after_s=0.1, whole=False) == {APP: PUSH}
    assert life.turns.next_s == float("inf")


def test_a_push_is_timed_from_when_it_was_told_first() -> None:
    life = Life()
    life.listed()
    life.touch(APP)
    told_s, life.now_s = life.now_s, life.now_s + 30
    life.touch(APP)

    assert life.turns.begin(NONE, life.now_s, whole=False) == {APP: Due(PUSH, told_s)}


def test_a_push_during_a_listing_is_one_listing_more() -> None:
    life = Life()
    life.listed()
    life.touch(APP)
    due = life.turns.begin(NONE, life.now_s + 2, whole=False)
    life.turns.end(due, frozenset(due), NONE, life.now_s + 5)
    life.now_s += 5
    life.touch(APP)  # it came while the pass went on, and is taken after it

    assert life.listed(after_s=1, whole=False) == {APP: PUSH}


def test_a_push_is_not_lost_with_a_listing_that_fails() -> None:
    life = Life()
    life.listed()
    life.touch(APP)

    assert life.listed(whole=False, failed=frozenset({APP})) == {APP: PUSH}
    assert life.listed(after_s=9, whole=False) == {}
    assert life.listed(after_s=1, whole=False) == {APP: PUSH}
    assert life.listed(whole=False) == {}


def test_a_push_to_what_nobody_uses_is_nothing() -> None:
    life = Life()
    life.listed()
    life.touch(Repository.parse("registry.test/nobody/uses"))

    assert life.turns.next_s == float("inf")


def test_what_is_announced_is_listed_each_fifth_time_until_a_push_is_not_told() -> None:
    life = Life()
    life.listed()
    life.touch(APP)
    life.listed(after_s=2, whole=False, news=frozenset({APP}))

    passes = [APP in life.listed() for _ in range(5)]
    untold = [APP in life.listed(news=frozenset({APP}) if n == 4 else NONE) for n in range(5)]
    after = [APP in life.listed() for _ in range(3)]

    assert passes == untold == [False] * 4 + [True]
    assert after == [True] * 3


def test_a_push_that_is_not_in_the_listing_is_looked_for_on_each_pass() -> None:
    life = Life()
    life.listed()
    life.touch(APP)
    life.listed(after_s=2, whole=False, news=frozenset({APP}))
    life.touch(APP)
    life.listed(after_s=2, whole=False)  # told twice
    echoed = [APP in life.listed() for _ in range(2)]
    life.touch(APP)
    life.listed(after_s=2, whole=False)

    assert echoed == [False, False]
    assert [APP in life.listed() for _ in range(2)] == [True, True]


def test_what_is_quiet_is_listed_each_second_time_and_what_failed_at_once() -> None:
    life = Life()
    life.listed()
    life.now_s += DAY_S

    passes = [APP in life.listed() for _ in range(4)]
    failed = [APP in life.listed(failed=frozenset({APP})) for _ in range(3)]

    assert passes == [False, True, False, True]
    assert failed == [False, True, True]


def test_what_is_gone_and_comes_back_begins_anew() -> None:
    life = Life()
    life.listed()
    life.turns.know({OTHER}, life.now_s)
    life.turns.know(BOTH, life.now_s)

    assert life.listed(after_s=0) == {APP: INTERVAL}
