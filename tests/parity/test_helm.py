"""Charts, rendered by Argo CD natively and through our plugin: not one byte differs."""

import pytest

from tests.parity.helm_sources import SOURCES
from tests.support.judge import Judge, Source

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_chart(source: Source, judge: Judge) -> None:
    assert not (found := judge.differences(source)), found
