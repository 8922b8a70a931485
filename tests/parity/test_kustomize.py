"""Kustomizations, rendered by Argo CD natively and through our plugin: not one byte differs."""

import pytest

from tests.parity import (
    kustomize_files,
    kustomize_generators,
    kustomize_layers,
    kustomize_options,
    kustomize_transformers,
)
from tests.support.judge import Judge, Source

pytestmark = pytest.mark.e2e

SOURCES = {
    **kustomize_options.SOURCES,
    **kustomize_files.SOURCES,
    **kustomize_layers.SOURCES,
    **kustomize_generators.SOURCES,
    **kustomize_transformers.SOURCES,
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_kustomization(source: Source, judge: Judge) -> None:
    assert not (found := judge.differences(source)), found
