"""What Argo CD refuses we refuse, and say why; what only we refuse is known, and says so too."""

import pytest

from tests.parity import kustomize_option_refusals, kustomize_refusals
from tests.parity.kustomize_option_refusals import EXCEPTIONS
from tests.parity.kustomize_refusals import Refusal
from tests.parity.kustomize_skeleton import app
from tests.support.cli import PROJECT
from tests.support.judge import Judge
from tests.support.repo_server import Generated, Refused

pytestmark = pytest.mark.e2e

ERRORS = {**kustomize_refusals.ERRORS, **kustomize_option_refusals.ERRORS}
_LONGEST = 700
"""Characters of an error: a few lines of Argo CD's UI."""


def _both(judge: Judge, refusal: Refusal) -> tuple[Generated | Refused, Generated | Refused]:
    source = app(refusal.kustomization, refusal.files)
    url = judge.repository(source)
    return (
        judge.natively(source, url, refusal.options),
        judge.through_us(source, url, refusal.options),
    )


def _check_ours(judge: Judge, ours: Generated | Refused, telling: str) -> None:
    assert isinstance(ours, Refused)
    reason = str(ours).rpartition("error: ")[2]
    assert "failed exit status 2: error: " in str(ours)
    assert telling in reason
    assert len(reason) < _LONGEST
    assert "Usage:" not in reason
    assert str(judge.repo_server.unpacked) not in reason


@pytest.mark.parametrize("refusal", ERRORS.values(), ids=ERRORS)
def test_error(refusal: Refusal, judge: Judge) -> None:
    native, ours = _both(judge, refusal)

    assert isinstance(native, Refused)
    assert refusal.telling in str(native)
    _check_ours(judge, ours, refusal.ours or refusal.telling)


@pytest.mark.parametrize("refusal", EXCEPTIONS.values(), ids=EXCEPTIONS)
def test_exception(refusal: Refusal, judge: Judge) -> None:
    native, ours = _both(judge, refusal)

    assert isinstance(native, Generated)
    _check_ours(judge, ours, refusal.ours)


def test_every_exception_has_its_reason() -> None:
    text = (PROJECT / "docs" / "compatibility.md").read_text()

    assert [name for name in EXCEPTIONS if f"| {name} |" not in text] == []
