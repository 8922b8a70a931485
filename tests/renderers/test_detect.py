import pytest

from cmp.renderers import detect


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        pytest.param([], "directory", id="nothing"),
        pytest.param(["deploy.yaml", "README.md"], "directory", id="plain-manifests"),
        pytest.param(["Chart.yaml", "values.yaml"], "helm", id="chart"),
        pytest.param(["myChart.yaml"], "helm", id="any-name-that-ends-so"),
        pytest.param(["chart.yaml", "Chart.yml"], "directory", id="no-chart"),
        pytest.param(["kustomization.yaml"], "kustomize", id="kustomization"),
        pytest.param(["Kustomization"], "kustomize", id="kustomization-in-capitals"),
        pytest.param(["kustomization.json"], "directory", id="no-kustomization"),
        pytest.param(["Chart.yaml", "kustomization.yaml"], "kustomize", id="last-wins"),
        pytest.param(["kustomization.yaml", "Chart.yaml"], "kustomize", id="in-any-order"),
        pytest.param(["Kustomization", "Chart.yaml"], "kustomize", id="capitals-after-chart"),
        pytest.param(["zChart.yaml", "kustomization.yml"], "helm", id="last-is-a-chart"),
    ],
)
def test_detect(names: list[str], kind: str) -> None:
    assert detect(names) == kind
