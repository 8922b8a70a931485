from cmp.refresh.forgetting import Unused


def test_what_is_unused_for_long_is_due() -> None:
    unused = Unused[str]()

    assert unused.due(["a", "b"], now_s=0, after_s=10) == frozenset()
    assert unused.due(["a", "b", "c"], now_s=10, after_s=10) == frozenset()
    assert unused.due(["a", "c"], now_s=11, after_s=10) == {"a"}


def test_what_is_used_again_begins_anew() -> None:
    unused = Unused[str]()
    unused.due(["a"], now_s=0, after_s=10)
    unused.due([], now_s=5, after_s=10)

    assert unused.due(["a"], now_s=11, after_s=10) == frozenset()
    assert unused.due(["a"], now_s=22, after_s=10) == {"a"}
