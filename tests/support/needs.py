"""What a test needs of the machine: missing in CI it is a failure, elsewhere a skip."""

from typing import NoReturn

import pytest

from cmp.settings import environment


def lacks(what: str) -> NoReturn:
    """End a test, or all that use a fixture, for ``what`` is not there; it says the way out."""
    if environment().get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
