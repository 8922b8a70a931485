from datetime import timedelta

from cmp.core.snapshot import Snapshot, Tag, listed
from tests.support.values import DIGEST, REPOSITORY, day


def test_a_first_listing_sees_every_tag_now() -> None:
    snapshot = listed(REPOSITORY, ["b", "a"], day(5), old=None)

    assert snapshot == Snapshot(
        REPOSITORY,
        listed_at=day(5),
        tags={"a": Tag("a", first_seen=day(5)), "b": Tag("b", first_seen=day(5))},
        generation=0,
    )


def test_a_later_listing_keeps_what_is_known_and_forgets_what_is_gone() -> None:
    known = Tag(
        "kept", first_seen=day(1), digest=DIGEST, created={"linux/amd64": day(1)}, kind="image"
    )
    old = Snapshot(
        REPOSITORY, day(4), {"kept": known, "gone": Tag("gone", first_seen=day(1))}, generation=7
    )

    snapshot = listed(REPOSITORY, ["new", "kept"], day(5), old)

    assert snapshot.tags == {"kept": known, "new": Tag("new", first_seen=day(5))}
    assert (snapshot.listed_at, snapshot.generation) == (day(5), 7)


def test_tags_stand_in_the_order_of_their_names() -> None:
    names = ["v2", "a", "10", "1", "V"]

    assert list(listed(REPOSITORY, names, day(5), old=None).tags) == sorted(names)


def test_a_tag_that_comes_back_was_seen_before() -> None:
    first = listed(REPOSITORY, ["a", "b"], day(1), old=None)
    second = listed(REPOSITORY, ["b"], day(2), first)
    third = listed(REPOSITORY, ["a", "b", "c"], day(3), second)

    assert second.gone == {"a": day(1)}
    assert {name: tag.first_seen for name, tag in third.tags.items()} == {
        "a": day(1),
        "b": day(1),
        "c": day(3),
    }
    assert third.gone == {}


def test_a_tag_listed_twice_is_one() -> None:
    assert list(listed(REPOSITORY, ["a", "a"], day(1), old=None).tags) == ["a"]


def test_a_new_tag_was_seen_after_all_others_by_a_clock_that_went_back_too() -> None:
    first = listed(REPOSITORY, ["a"], day(5), old=None)
    second = listed(REPOSITORY, ["a", "b"], day(2), first)
    third = listed(REPOSITORY, ["c"], day(3), second)
    fourth = listed(REPOSITORY, ["c", "d"], day(6), third)

    seen = [
        snapshot.tags[name].first_seen
        for snapshot, name in zip((first, second, third, fourth), "abcd", strict=True)
    ]
    assert seen == [day(5), *(day(5) + timedelta(seconds=s) for s in (1, 2)), day(6)]
    assert second.listed_at == day(2)
