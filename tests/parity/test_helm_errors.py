"""What Argo CD refuses we refuse, in one sentence that says as much and can be read."""

import pytest

from tests.parity.helm_errors import ERRORS, Error
from tests.parity.helm_skeleton import source
from tests.parity.refusals import sentence
from tests.support.judge import Judge
from tests.support.repo_server import Refused

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_both_refuse(error: Error, judge: Judge) -> None:
    asked = source(error.files)
    url = judge.repository(asked)

    native = judge.natively(asked, url, error.options)
    ours = judge.through_us(asked, url, error.options)

    assert isinstance(native, Refused)
    assert error.native in str(native)
    assert sentence(ours) == error.ours
