"""Credential sources: what they give, and what they never tell."""

import pytest

from cmp.errors import InvalidInput
from cmp.registry.credentials import Credential, credential

PASSWORD = "s3cret-Pa55"
WHERE = "registry one: credentials"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(f"user:{PASSWORD}", Credential("user", PASSWORD), id="plain"),
        pytest.param("user:a:b", Credential("user", "a:b"), id="colon-in-password"),
    ],
)
@pytest.mark.parametrize("written", ["env:REGISTRY", "ENV:REGISTRY"])
def test_from_a_variable(written: str, value: str, expected: Credential) -> None:
    assert credential(written, {"REGISTRY": value}, where=WHERE) == expected


def test_nothing_written_is_none() -> None:
    assert credential("", {}, where=WHERE) is None


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        pytest.param(
            "env:NOWHERE", "could not fetch credentials: env 'NOWHERE' is not set", id="missing"
        ),
        pytest.param(
            "env:", "env: takes the name of a variable that holds user:password", id="no-name"
        ),
        pytest.param(
            f"env:robot:{PASSWORD}",
            "env: takes the name of a variable that holds user:password",
            id="no-variable",
        ),
        pytest.param(
            "secret:argocd/reg#creds",
            "secret: is read from a cluster, and there is none here; "
            "write env:<VARIABLE> holding user:password",
            id="secret",
        ),
        pytest.param(
            "pullsecret:argocd/reg",
            "pullsecret: is read from a cluster, and there is none here; "
            "write env:<VARIABLE> holding user:password",
            id="pullsecret",
        ),
        pytest.param(
            "evn:REGISTRY",
            "no kind of credentials 'evn'; use one of: env:; did you mean 'env'?",
            id="unknown-hint",
        ),
        pytest.param(
            "ext:/tmp/a.sh", "no kind of credentials 'ext'; use one of: env:", id="unknown"
        ),
        pytest.param(PASSWORD, "it does not begin with a kind; use one of: env:", id="password"),
        pytest.param(
            f"user:{PASSWORD}", "no kind of credentials 'user'; use one of: env:", id="pair"
        ),
    ],
)
def test_refuses_and_says_where(written: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        credential(written, {"REGISTRY": f"user:{PASSWORD}"}, where=WHERE)

    assert str(caught.value) == f"{WHERE}: {complaint}"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(PASSWORD, id="no-colon"),
        pytest.param(f":{PASSWORD}", id="no-user"),
        pytest.param(f"{PASSWORD}:", id="no-password"),
        pytest.param(":", id="colon"),
        pytest.param("", id="empty"),
    ],
)
def test_a_variable_of_another_shape_is_not_shown(value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        credential("env:REGISTRY", {"REGISTRY": value}, where=WHERE)

    assert str(caught.value) == f"{WHERE}: env 'REGISTRY' does not hold user:password"


def test_the_password_is_not_printed() -> None:
    found = credential("env:REGISTRY", {"REGISTRY": f"user:{PASSWORD}"}, where=WHERE)

    assert found is not None
    assert found.password == PASSWORD
    assert PASSWORD not in f"{found!r} {found}"
