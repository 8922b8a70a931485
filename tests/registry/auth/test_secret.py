"""What a Secret gives, and what is told of one that does not."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.errors import InvalidInput
from cmp.registry.auth.base import Credential
from cmp.registry.auth.secret import credential, from_field, from_pull_secret, refuse_argo_cds_own

PASSWORD = "s3cret-Pa55"
WHERE = "Secret team-a/reg"
AUTH = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
ROBOT = Credential("robot", PASSWORD)


def docker_config(*keys: str) -> bytes:
    return json.dumps({"auths": {key: {"auth": AUTH} for key in keys}}).encode()


def dockercfg(*keys: str) -> bytes:
    return json.dumps({key: {"auth": AUTH, "email": ""} for key in keys}).encode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("u:p", Credential("u", "p"), id="pair"),
        pytest.param("u:p:q", Credential("u", "p:q"), id="colon-in-password"),
        pytest.param("u: p ", Credential("u", " p "), id="blanks-are-the-passwords"),
        pytest.param("", None, id="empty"),
        pytest.param("up", None, id="no-colon"),
        pytest.param(":p", None, id="no-user"),
        pytest.param("u:", None, id="no-password"),
    ],
)
def test_a_pair(text: str, expected: Credential | None) -> None:
    assert credential(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b"robot:s3cret-Pa55", ROBOT, id="plain"),
        pytest.param(b"robot:s3cret-Pa55\n", ROBOT, id="line-end"),
        pytest.param(b"robot:s3cret-Pa55\r\n\n", ROBOT, id="line-ends"),
        pytest.param(b"robot:a:b", Credential("robot", "a:b"), id="colon-in-password"),
        pytest.param("rö:ß".encode(), Credential("rö", "ß"), id="not-ascii"),
    ],
)
def test_from_a_field(value: bytes, expected: Credential) -> None:
    assert from_field({"creds": value, "other": b"x"}, "creds", where=WHERE) == expected


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        pytest.param(
            "cerds", b"u:p", "it has no field 'cerds'; its fields are 'a', 'creds'", id="missing"
        ),
        pytest.param(
            "creds",
            PASSWORD.encode(),
            "field 'creds' does not hold one line user:password",
            id="one",
        ),
        pytest.param(
            "creds", b"", "field 'creds' does not hold one line user:password", id="empty"
        ),
        pytest.param(
            "creds", b"u:\n", "field 'creds' does not hold one line user:password", id="no-password"
        ),
        pytest.param(
            "creds",
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\ns3cret-Pa55\n",
            "field 'creds' does not hold one line user:password",
            id="a-key",
        ),
        pytest.param("creds", b"u:\xff", "field 'creds' holds no text", id="not-utf-8"),
    ],
)
def test_a_field_that_is_no_pair(field: str, value: bytes, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        from_field({"creds": value, "a": PASSWORD.encode()}, field, where=WHERE)

    assert str(caught.value) == f"{WHERE}: {complaint}"


def test_a_field_of_an_empty_secret() -> None:
    with pytest.raises(InvalidInput) as caught:
        from_field({}, "creds", where=WHERE)

    assert str(caught.value) == f"{WHERE}: it has no field 'creds'; it has no fields"


def test_a_docker_configuration_is_no_pair() -> None:
    with pytest.raises(InvalidInput) as caught:
        from_field(
            {".dockerconfigjson": docker_config("registry.test")}, ".dockerconfigjson", where=WHERE
        )

    assert str(caught.value) == (
        f"{WHERE}: field '.dockerconfigjson' holds a Docker configuration, not user:password; "
        "write pullsecret:<namespace>/<name>"
    )


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({".dockerconfigjson": docker_config("registry.test")}, id="dockerconfigjson"),
        pytest.param({".dockercfg": dockercfg("https://registry.test")}, id="dockercfg"),
        pytest.param(
            {".dockercfg": b"{}", ".dockerconfigjson": docker_config("registry.test/team")},
            id="the-newer-of-both",
        ),
    ],
)
def test_from_a_pull_secret(data: dict[str, bytes]) -> None:
    assert from_pull_secret(data, "registry.test", "team/app", where=WHERE) == ROBOT


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        pytest.param(
            {"creds": b"robot:s3cret-Pa55"},
            "it is no image pull Secret: it has no field .dockerconfigjson; its fields are "
            "'creds'; for a field that holds user:password "
            "write secret:<namespace>/<name>#<field>",
            id="no-pull-secret",
        ),
        pytest.param(
            {".dockerconfigjson": docker_config("b.test", "https://a.test/v1/", "b.test/")},
            "it holds nothing for registry.test/team/app; its keys are 'a.test', 'b.test'",
            id="other-registries",
        ),
        pytest.param(
            {".dockerconfigjson": b"{}"},
            "it holds nothing for registry.test/team/app; it has no keys",
            id="nothing",
        ),
        pytest.param(
            {".dockerconfigjson": docker_config(*(f"r{i:02}.test" for i in range(21)))},
            "it holds nothing for registry.test/team/app; its keys are "
            + ", ".join(f"'r{i:02}.test'" for i in range(20))
            + ", …",
            id="many",
        ),
        pytest.param(
            {".dockerconfigjson": b"\xff"}, "field '.dockerconfigjson' holds no text", id="no-text"
        ),
        pytest.param(
            {".dockercfg": f"robot:{PASSWORD}".encode()},
            "field '.dockercfg': not JSON; "
            "kubectl create secret docker-registry makes one that can be used",
            id="no-json",
        ),
        pytest.param(
            {".dockerconfigjson": b'{"auths": {"registry.test": {"password": "s3cret-Pa55"}}}'},
            "field '.dockerconfigjson': key 'registry.test': it holds no user; "
            "write auth, or username and password",
            id="unusable",
        ),
    ],
)
def test_a_pull_secret_without_the_credential(data: dict[str, bytes], complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        from_pull_secret(data, "registry.test", "team/app", where=WHERE)

    assert str(caught.value) == f"{WHERE}: {complaint}"


@pytest.mark.parametrize("value", ["repository", "repo-creds", "cluster", ""])
def test_argo_cds_own_secrets_are_refused(value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        refuse_argo_cds_own({"argocd.argoproj.io/secret-type": value, "a": "b"}, where=WHERE)

    assert str(caught.value) == (
        f"{WHERE}: it has the label argocd.argoproj.io/secret-type: it is Argo CD's own, and an "
        "annotation cannot use it; make a Secret for the registry alone"
    )


@pytest.mark.parametrize("labels", [{}, {"app.kubernetes.io/part-of": "registry"}])
def test_other_secrets_are_not(labels: dict[str, str]) -> None:
    refuse_argo_cds_own(labels, where=WHERE)


FIELDS = st.sampled_from([".dockerconfigjson", ".dockercfg", "creds", "other"])
CONTENTS = st.binary(max_size=20) | st.sampled_from(
    [docker_config("registry.test"), docker_config("*.test")[:-2], b"{}", b"robot:", b"null"]
)


def told(data: dict[str, bytes], field: str) -> str:
    """Return all that is said of a Secret that does not give what it is asked for."""
    messages = []
    try:
        from_field(data, field, where=WHERE)
    except InvalidInput as error:
        messages.append(error.explained())
    try:
        from_pull_secret(data, "registry.test", "app", where=WHERE)
    except InvalidInput as error:
        messages.append(error.explained())
    return "\n".join(messages)


@given(st.dictionaries(FIELDS, CONTENTS), FIELDS, st.sampled_from([b"", b"\n", b"\nx", b"\xff"]))
def test_no_error_tells_what_is_in_it(data: dict[str, bytes], field: str, end: bytes) -> None:
    messages = told({name: value + PASSWORD.encode() + end for name, value in data.items()}, field)

    assert PASSWORD not in messages
    assert AUTH not in messages
