"""What doctor says is needed is what kustomize/ gives, no more and no less."""

from collections.abc import Iterable, Iterator

import pytest
import yaml

from cmp.diagnosis.facts import Right
from cmp.diagnosis.permissions import needed, needed_by_people
from tests.support.cli import PROJECT

HERE, THERE = "argocd", "teams"
_STATE = "image-cmp-state-"
_ASKED = {f"{_STATE}0", f"{_STATE}31"}
"""Of the ConfigMaps with the state: two stand for all."""


def given(folder: str, namespace: str) -> Iterator[Right]:
    """Yield what the Role of a folder allows."""
    role = yaml.safe_load((PROJECT / "kustomize" / folder / "role.yaml").read_text())
    for rule in role["rules"]:
        for name in rule.get("resourceNames", [""]):
            if name.startswith(_STATE) and name not in _ASKED:
                continue
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        yield Right(namespace, verb, group, resource, name)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        pytest.param(
            needed(HERE, (THERE,)),
            [*given("refresher", HERE), *given("application-namespace", THERE)],
            id="refresher",
        ),
        pytest.param(needed_by_people(HERE), given("people", HERE), id="people"),
    ],
)
def test_what_is_asked_for_is_what_the_role_gives(
    asked: Iterable[Right], allowed: Iterable[Right]
) -> None:
    assert set(asked) == set(allowed)
