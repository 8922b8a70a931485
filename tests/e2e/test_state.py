"""The state in ConfigMaps of a real API server."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from cmp.core.record import History
from cmp.errors import IndexTorn
from cmp.refresh.cluster import Cluster, ClusterFailed, connect
from cmp.refresh.state import ConfigMapState
from cmp.refresh.wanted import Told
from tests.index import examples
from tests.support.api_proxy import ApiProxy
from tests.support.argocd import ArgoCD
from tests.support.faults import Answer
from tests.support.kubernetes import Object

pytestmark = pytest.mark.e2e

HISTORY: History = {"guestbook": (examples.decision(),)}
TOLD = Told("d-1", "abc", {"guestbook": "registry.test/app:v4"})
LIMIT = 900 * 1024


@pytest.fixture
def namespace(argocd: ArgoCD) -> str:
    name = f"t{uuid.uuid4().hex[:10]}"
    argocd.kubernetes.create_namespace(name)
    return name


@pytest.fixture
def proxy(argocd: ArgoCD) -> Iterator[ApiProxy]:
    with ApiProxy(argocd.kubernetes.url, argocd.kubernetes.ca) as proxy:
        yield proxy


@pytest.fixture
def cluster(argocd: ArgoCD, proxy: ApiProxy, tmp_path: Path) -> Cluster:
    config = argocd.kubernetes.kubeconfig("default")
    config["clusters"][0]["cluster"]["server"] = proxy.url
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(config))
    return connect(str(file))[0]


@pytest.fixture
def state(cluster: Cluster, namespace: str) -> ConfigMapState:
    state = ConfigMapState(cluster, namespace)
    state.load()
    return state


def shards(argocd: ArgoCD, namespace: str) -> list[Object]:
    found = argocd.kubernetes.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    return [c["data"] for c in found if c["metadata"]["name"].startswith("image-cmp-state-")]


def test_what_was_put_is_there_for_the_next(
    state: ConfigMapState, cluster: Cluster, namespace: str
) -> None:
    state.put_histories({"guestbook": HISTORY})
    state.put_told("guestbook", TOLD)
    state.put_told("teams_other", Told())
    state.save()

    other = ConfigMapState(cluster, namespace)
    other.load()

    assert other.history("guestbook") == HISTORY
    assert other.told("guestbook") == TOLD
    assert (other.told("teams_other"), other.history("teams_other")) == (Told(), {})
    assert (other.told("nobody"), other.history("nobody")) == (None, {})


def test_each_configmap_stays_under_its_size(
    state: ConfigMapState, argocd: ArgoCD, namespace: str
) -> None:
    long = examples.decision()._replace(why="w" * 100_000)
    for number in range(20):
        state.put_histories({f"app-{number}": {"guestbook": (long,)}})

    found = shards(argocd, namespace)

    assert len(found) == 3
    assert all(sum(map(len, data.values())) < LIMIT for data in found)
    assert {name for data in found for name in data} == {f"app-{n}" for n in range(20)}


def test_one_that_outgrows_its_configmap_moves(
    state: ConfigMapState, argocd: ArgoCD, cluster: Cluster, namespace: str
) -> None:
    small = examples.decision()
    for name in ("a", "b", "c"):
        state.put_histories({name: {"guestbook": (small._replace(why="w" * 250_000),)}})
    grown = {"guestbook": (small._replace(why="w" * 500_000),)}
    state.put_histories({"b": grown})

    other = ConfigMapState(cluster, namespace)
    other.load()

    assert other.history("b") == grown
    found = shards(argocd, namespace)
    assert sorted(sorted(data) for data in found) == [["a", "c"], ["b"]]
    assert all(sum(map(len, data.values())) < LIMIT for data in found)


def test_what_could_not_be_saved_is_with_the_next(
    state: ConfigMapState, proxy: ApiProxy, cluster: Cluster, namespace: str
) -> None:
    state.put_histories({"first": HISTORY})
    proxy.on("PATCH", "/configmaps/", answer=Answer(500))
    with pytest.raises(ClusterFailed, match="500"):
        state.put_histories({"second": HISTORY})
    proxy.mend()
    state.put_histories({"third": HISTORY})

    other = ConfigMapState(cluster, namespace)
    other.load()

    assert [other.history(name) for name in ("first", "second", "third")] == [HISTORY] * 3


def test_one_deleted_by_somebody_is_written_anew_whole(
    state: ConfigMapState, argocd: ArgoCD, namespace: str
) -> None:
    state.put_histories({"first": HISTORY})
    argocd.kubernetes.delete(f"/api/v1/namespaces/{namespace}/configmaps/image-cmp-state-0")
    state.put_histories({"second": HISTORY})

    (data,) = shards(argocd, namespace)
    assert set(data) == {"first", "second"}


def test_a_document_that_is_not_ours_is_named(
    state: ConfigMapState, argocd: ArgoCD, cluster: Cluster, namespace: str
) -> None:
    state.put_histories({"first": HISTORY, "second": HISTORY})
    path = f"/api/v1/namespaces/{namespace}/configmaps/image-cmp-state-0"
    argocd.kubernetes.patch(path, {"data": {"first": "{torn"}})

    other = ConfigMapState(cluster, namespace)
    other.load()

    with pytest.raises(IndexTorn, match="first"):
        other.history("first")
    assert other.history("second") == HISTORY


def test_nothing_is_written_when_nothing_changed(state: ConfigMapState, proxy: ApiProxy) -> None:
    state.put_histories({"first": HISTORY})
    asked = len(proxy.requests)
    state.put_histories({"first": HISTORY})
    state.save()

    assert len(proxy.requests) == asked


def test_where_there_is_no_room_the_past_goes_first(cluster: Cluster, namespace: str) -> None:
    state = ConfigMapState(cluster, namespace, shards=1)
    long = examples.decision()._replace(why="w" * 280_000)
    state.put_histories({"first": {"guestbook": (long,)}, "second": {"guestbook": (long,)}})

    state.put_histories({"third": {"guestbook": (long._replace(id="d-new"), long)}})

    (kept,) = state.history("third")["guestbook"]
    assert kept.id == "d-new"
    with pytest.raises(ClusterFailed, match="are full"):
        state.put_histories({"fourth": {"guestbook": (long,)}})
