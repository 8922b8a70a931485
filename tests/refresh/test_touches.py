"""Which repositories are meant by what is told, and who takes it in."""

import threading
import time
from pathlib import Path

import pytest

from cmp.core.image import Repository
from cmp.index import Touch, open_index
from cmp.refresh.touches import Touches, repositories_of
from cmp.refresh.watched import Name
from cmp.registry.registries_file import registries_from_text
from tests.support.waiting import wait_for

NGINX = Repository.parse("nginx")
ALIASED = Repository.parse("registry.test/team/app")
MIRRORED = Repository.parse("mirror.test/team/app")
KNOWN = (NGINX, ALIASED, MIRRORED)
REGISTRIES = registries_from_text(
    """
registries:
- {name: aliased, prefix: registry.test, api_url: "https://harbor.test:8443"}
- {name: own, prefix: mirror.test, api_url: "https://mirror.test"}
""",
    where="registries.conf",
)


def _theirs(name: Name) -> tuple[Repository, ...]:
    return (NGINX, MIRRORED) if name == ("argocd", "guestbook") else ()


@pytest.mark.parametrize(
    ("touch", "meant"),
    [
        pytest.param(Touch("repository", "docker.io/library/nginx"), {NGINX}, id="canonical"),
        pytest.param(Touch("repository", "mirror.test/team/app"), {MIRRORED}, id="its-host"),
        pytest.param(Touch("repository", "registry.test/team/app"), {ALIASED}, id="our-name"),
        pytest.param(Touch("repository", "harbor.test:8443/team/app"), {ALIASED}, id="its-own"),
        pytest.param(Touch("repository", "harbor.test/team/app"), set(), id="another-port"),
        pytest.param(Touch("repository", "mirror.test/team"), set(), id="a-part"),
        pytest.param(Touch("application", "argocd/guestbook"), {NGINX, MIRRORED}, id="application"),
        pytest.param(Touch("application", "argocd/other"), set(), id="another-application"),
        pytest.param(Touch("", "x"), set(), id="torn"),
    ],
)
def test_what_is_meant(touch: Touch, meant: set[Repository]) -> None:
    found = repositories_of({touch: 5.0}, KNOWN, REGISTRIES, _theirs)

    assert found == dict.fromkeys(meant, 5.0)


def test_of_two_the_first_counts() -> None:
    told = {
        Touch("repository", "registry.test/team/app"): 7.0,
        Touch("repository", "harbor.test:8443/team/app"): 5.0,
    }

    assert repositories_of(told, KNOWN, REGISTRIES, _theirs) == {ALIASED: 5.0}


def test_one_that_stands_by_hands_on(tmp_path: Path) -> None:
    touch = Touch("repository", "registry.test/team/app")
    arrived, stopping = threading.Event(), threading.Event()
    standby, leader = (Touches(open_index(f"file://{tmp_path}")) for _ in range(2))
    leader.lead(arrived.set)
    following = threading.Thread(target=leader.follow, args=(stopping, lambda: None))
    following.start()

    standby.add([touch])
    began = time.monotonic()
    wait_for("it arrives", arrived.is_set, within_s=5)
    taken = leader.take()
    stopping.set()
    following.join()

    assert taken.keys() == {touch}
    assert began - 1 < taken[touch] <= time.monotonic()
    assert leader.take() == standby.take() == {}


def test_one_that_works_needs_no_store(tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("")
    leader = Touches(open_index(f"file://{tmp_path}/no-folder"))
    leader.lead(lambda: None)

    leader.add([Touch("application", "argocd/guestbook")])

    assert len(leader.take()) == 1
