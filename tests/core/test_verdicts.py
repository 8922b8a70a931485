"""The table of what became of each tag."""

from cmp.core.decide import decide
from cmp.core.policy import Policy
from cmp.core.verdicts import table, verdicts
from tests.support.values import REPOSITORY, recorded, snapshot


def test_of_ten_thousand_tags_the_neighbours_and_the_rules_are_shown() -> None:
    policy = Policy(constraint="<1.50", ignore_tags=("*-rc*",))
    tags = [f"1.{n // 100}.{n % 100}{'-rc' if n % 7 == 0 else ''}" for n in range(9_990)]
    words = [f"branch-{n}" for n in range(10)]

    found = verdicts(decide(policy, REPOSITORY, snapshot(*tags, *words)))

    count, *rows, constraint, ignored, unversioned = table(found)
    assert (count, rows) == (
        "4285 of 10000 tags qualify",
        [
            "> 1.49.99  chosen  newest of 4285 allowed tags",
            "  1.49.97  kept    ranks below 1.49.99",
            "  1.49.96  kept    ranks below 1.49.99",
            "  1.49.95  kept    ranks below 1.49.99",
            "  … 4281 more rank below",
        ],
    )
    assert constraint.startswith("- constraint       dropped 4277: 1.50.0: outside <1.50; 1.50.1: ")
    assert ignored == (
        "- ignore-tags      dropped 1428: 1.0.0-rc: ignored by *-rc*; "
        "1.0.7-rc: ignored by *-rc*; 1.0.14-rc: ignored by *-rc*; …"
    )
    assert unversioned.startswith(
        "- update-strategy  dropped 10: branch-0: not a semantic version; "
    )
    assert unversioned.endswith("; …")
    assert len(list(table(found, everything=True))) == 10_000


def test_the_neighbours_above_a_choice_that_is_held_are_shown() -> None:
    policy = Policy()
    tags = [f"1.{n}" for n in range(30)]
    hold = policy._replace(hold="freeze")

    found = verdicts(decide(hold, REPOSITORY, snapshot(*tags), recorded("1.10", policy)))

    assert list(table(found)) == [
        "30 of 30 tags qualify",
        "  … 16 more rank above",
        "  1.13  kept    not taken: on hold: freeze",
        "  1.12  kept    not taken: on hold: freeze",
        "  1.11  kept    not taken: on hold: freeze",
        "> 1.10  chosen  chosen before",
        "  1.9   kept    not taken: on hold: freeze",
        "  1.8   kept    not taken: on hold: freeze",
        "  1.7   kept    not taken: on hold: freeze",
        "  … 7 more rank below",
    ]
