import pytest

from cmp.errors import InvalidSource
from cmp.renderers.helm import kubernetes_version


@pytest.mark.parametrize(
    ("written", "version"),
    [
        pytest.param("", "", id="unknown"),
        pytest.param("1.30.2", "1.30.2", id="plain"),
        pytest.param("v1.30.2", "1.30.2", id="prefix"),
        pytest.param("1.30", "1.30", id="as-many-parts-as-given"),
        pytest.param("v1.30.11+IKS", "1.30.11", id="build"),
        pytest.param("v1.27.3-gke.100", "1.27.3", id="suffix"),
        pytest.param("v1.27.3-eks-1+a-b", "1.27.3", id="suffix-and-build"),
    ],
)
def test_kubernetes_version(written: str, version: str) -> None:
    assert kubernetes_version(written) == version


@pytest.mark.parametrize("written", ["abc", "v", "1.x", "1..2", "vv1.2", "-1"])
def test_kubernetes_version_that_cannot_be_read(written: str) -> None:
    with pytest.raises(InvalidSource) as caught:
        kubernetes_version(written)

    assert caught.value.message == (
        f"could not parse kubernetes version {written!r}; write it as 1.30.2"
    )
    assert caught.value.where == "helm.kubeVersion"
