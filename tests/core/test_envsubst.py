import pytest

from cmp.core.envsubst import envsubst

_VARIABLES = {"ARGOCD_APP_NAME": "app", "A1": "x", "_": "y", "5": "five", "5a": "z", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "out"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("values.yaml", "values.yaml", id="nothing-to-do"),
        pytest.param("$ARGOCD_APP_NAME-x", "app-x", id="word"),
        pytest.param("${ARGOCD_APP_NAME}x", "appx", id="braces"),
        pytest.param("a$A1", "ax", id="at-the-end"),
        pytest.param("$_.$A1_.", "y..", id="underscore"),
        pytest.param("$5a", "fivea", id="digit-is-a-whole-name"),
        pytest.param("${5a}", "z", id="digit-in-braces-is-not"),
        pytest.param("$UNKNOWN/x", "/x", id="unknown"),
        pytest.param("[$EMPTY]", "[]", id="empty-value"),
        pytest.param("$$A1", "$A1", id="dollar"),
        pytest.param("$$$A1", "$x", id="dollar-and-word"),
        pytest.param("${$}", "$", id="dollar-in-braces"),
        pytest.param("$", "$", id="alone"),
        pytest.param("a$ b$.", "a$ b$.", id="no-name"),
        pytest.param("$*$#$@$!$?$-", "", id="special"),
        pytest.param("${}a", "a", id="empty-braces"),
        pytest.param("${A1", "A1", id="brace-not-closed"),
        pytest.param("${A 1}b", "b", id="odd-name"),
        pytest.param("$é", "$é", id="letter-beyond-ascii"),
    ],
)
def test_envsubst(text: str, out: str) -> None:
    assert envsubst(text, _VARIABLES) == out


def test_what_is_put_in_is_not_read_again() -> None:
    assert envsubst("$A", {"A": "$B", "B": "no"}) == "$B"
