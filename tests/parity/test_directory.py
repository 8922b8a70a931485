"""Plain directories, rendered by Argo CD natively and through our plugin."""

import pytest

from tests.parity.directory_sources import CONFIG, DEPLOYMENT, REFUSED, SOURCES
from tests.support.judge import Judge, Source, changes
from tests.support.repo_server import Generated, Refused

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_directory(source: Source, judge: Judge) -> None:
    assert not (found := judge.differences(source)), found


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_both_refuse(source: Source, judge: Judge) -> None:
    url = judge.repository(source)

    assert isinstance(judge.natively(source, url, {}), Refused)
    ours = judge.through_us(source, url, {})
    assert isinstance(ours, Refused)
    assert "failed exit status 2: error: " in str(ours)


def test_a_policy_changes_the_images_and_nothing_else(judge: Judge) -> None:
    judge.index("r.test/team/app", "v1", "v2", "v3")
    source = Source("directory", {"app/a.yaml": DEPLOYMENT, "app/b.yaml": CONFIG % "b"})
    url = judge.repository(source)
    policy = {"image-list": "app=r.test/team/app", "app.update-strategy": "semver"}

    native = judge.natively(source, url, {})
    ours = judge.through_us(source, url, {}, policy)

    assert isinstance(native, Generated)
    assert isinstance(ours, Generated)
    spec = "Deployment/app.spec.template.spec"
    changed = ("r.test/team/app:v1", "r.test/team/app:v3")
    assert changes(native, ours) == {
        f"{spec}.containers[0].image": changed,
        f"{spec}.initContainers[0].image": changed,
    }
