"""With a policy, exactly the image scalars differ from what Argo CD renders natively."""

import pytest

from tests.parity.helm_images import APP, DIGESTS, FILES, POLICIES, TAGS, Policy
from tests.parity.helm_skeleton import source
from tests.parity.helm_sources import AXES
from tests.parity.helm_sources import FILES as WITH_ALL_OPTIONS
from tests.support.judge import Judge, changes, combinations
from tests.support.repo_server import Generated, Refused

pytestmark = pytest.mark.e2e


@pytest.fixture
def judge(judge: Judge) -> Judge:
    for repository, tags in TAGS.items():
        judge.index(repository, *tags, **DIGESTS.get(repository, {}))
    return judge


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_images_change_and_nothing_else(policy: Policy, judge: Judge) -> None:
    asked = source(FILES)
    url = judge.repository(asked)

    native = judge.natively(asked, url, policy.options)
    ours = judge.through_us(asked, url, policy.options, policy.keys)

    assert isinstance(native, Generated), native
    assert isinstance(ours, Generated), ours
    assert changes(native, ours) == policy.changes


def test_with_all_options(judge: Judge) -> None:
    files = {n: t for n, t in WITH_ALL_OPTIONS.items() if n != "app/templates/config.yaml"}
    asked = source(files)
    url = judge.repository(asked)
    policy = {
        "image-list": f"app={APP}",
        "app.helm.image-name": "image.repository",
        "app.helm.image-tag": "image.tag",
    }

    for options in combinations(AXES):
        native = judge.natively(asked, url, options)
        ours = judge.through_us(asked, url, options, policy)

        if isinstance(native, Refused):
            assert isinstance(ours, Refused), options
            continue
        assert isinstance(ours, Generated), ours
        ((place, (_, image)),) = changes(native, ours).items()
        assert place.endswith("-app.spec.template.spec.containers[0].image"), options
        assert image == f"{APP}:v10", options
