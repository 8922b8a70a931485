"""With a policy exactly the chosen images differ, and they are those Argo CD would set."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.parity.kustomize_images import CHOSEN, PAIRS, PAIRS_AXES, TAGS, Chosen
from tests.parity.kustomize_skeleton import app
from tests.support.judge import Judge, Options, Source, changes, combinations
from tests.support.repo_server import Generated

pytestmark = pytest.mark.e2e


@pytest.fixture
def indexed(judge: Judge) -> Judge:
    for repository, tags in TAGS.items():
        judge.index(repository, *tags)
    return judge


@pytest.mark.parametrize("chosen", CHOSEN.values(), ids=CHOSEN)
def test_images(chosen: Chosen, indexed: Judge) -> None:
    source = app(chosen.kustomization, chosen.files)

    _check(indexed, source, indexed.repository(source), chosen, chosen.options)


def test_images_over_options(indexed: Judge) -> None:
    source = app(PAIRS.kustomization)
    url = indexed.repository(source)

    for options in combinations(PAIRS_AXES):
        _check(indexed, source, url, PAIRS, options)


def _check(judge: Judge, source: Source, url: str, chosen: Chosen, options: Options) -> None:
    before = judge.through_us(source, url, options)
    after = judge.through_us(source, url, options, chosen.policy)
    natively = judge.natively(source, url, {**options, "images": list(chosen.natively)})

    assert isinstance(before, Generated), before
    assert isinstance(after, Generated), after
    assert isinstance(natively, Generated), natively
    changed = changes(before, after)
    assert {place for place in changed if not place.endswith(".image")} == set()
    assert dict(changed.values()) == chosen.expected
    assert len(changed) == sum(image in chosen.expected for image in _images(before))
    assert after.manifests == natively.manifests


def _images(rendered: Generated) -> Iterator[str]:
    for manifest in rendered.manifests:
        yield from _images_of(json.loads(manifest))


def _images_of(item: Any) -> Iterator[str]:
    children = item.items() if isinstance(item, dict) else enumerate(item)
    for key, child in children:
        if key == "image":
            yield child
        elif isinstance(child, dict | list):
            yield from _images_of(child)
