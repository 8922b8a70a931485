"""Docker configurations: whose images an entry is for, and what is never told of it."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cmp.errors import InvalidInput
from cmp.registry.auth.base import Credential
from cmp.registry.auth.docker_config import IDENTITY_USER, DockerConfig, find, place

PASSWORD = "s3cret-Pa55"
MAKE_ONE = "kubectl create secret docker-registry makes one that can be used"
ELSEWHERE = (
    "the passwords are in a credential store (credsStore, credHelpers) of the machine where this "
    f"was written; {MAKE_ONE}"
)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def config(*keys: str) -> DockerConfig:
    """Return a configuration in which each key's password is the key itself."""
    return DockerConfig.parse(
        json.dumps({"auths": {key: {"username": "robot", "password": key} for key in keys}})
    )


def key_for(found: Credential | None) -> str | None:
    return found.password if found else None


@pytest.mark.parametrize("shape", [lambda auths: {"auths": auths}, lambda auths: auths])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({"auth": encoded("u:p")}, Credential("u", "p"), id="auth"),
        pytest.param({"auth": encoded("u:p:q:")}, Credential("u", "p:q:"), id="colons-in-password"),
        pytest.param({"auth": encoded("ü:ß€")}, Credential("ü", "ß€"), id="not-ascii"),
        pytest.param({"auth": "dTpwdw"}, Credential("u", "pw"), id="auth-without-padding"),
        pytest.param({"auth": "dTpw\r\ndw==\n"}, Credential("u", "pw"), id="auth-in-two-lines"),
        pytest.param({"username": "u", "password": "p"}, Credential("u", "p"), id="in-clear"),
        pytest.param(
            {"auth": encoded("a:b"), "username": "u", "password": "p"},
            Credential("a", "b"),
            id="auth-before-clear",
        ),
        pytest.param(
            {"auth": None, "username": "u", "password": "p", "email": "x@y.test"},
            Credential("u", "p"),
            id="null-is-none",
        ),
        pytest.param(
            {"identitytoken": "t0ken"}, Credential(IDENTITY_USER, "t0ken"), id="identity-token"
        ),
        pytest.param(
            # What `docker login` leaves where the registry gives a token for the password.
            {"auth": encoded("00000000-0000-0000-0000-000000000000:"), "identitytoken": "t0ken"},
            Credential(IDENTITY_USER, "t0ken"),
            id="identity-token-in-place-of-a-password",
        ),
        pytest.param(
            {"auth": encoded("u:p"), "identitytoken": "t0ken"},
            Credential("u", "p"),
            id="password-before-token",
        ),
        pytest.param(
            {"auth": encoded("u:p"), "registrytoken": "x"},
            Credential("u", "p"),
            id="password-beside-registry-token",
        ),
    ],
)
def test_reads_an_entry(shape: Any, said: Mapping[str, Any], expected: Credential) -> None:
    read = DockerConfig.parse(json.dumps(shape({"https://registry.test": said})))

    assert find(read, "registry.test", "team/app") == expected
    assert [entry.name for entry in read.entries] == ["registry.test"]


@pytest.mark.parametrize(
    "text", [pytest.param(text, id=text) for text in ("{}", '{"auths": {}}', '{"auths": null}')]
)
def test_nothing_in_it_is_no_error(text: str) -> None:
    assert DockerConfig.parse(text) == DockerConfig()
    assert find(DockerConfig(), "registry.test", "app") is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", f"not JSON; {MAKE_ONE}", id="empty"),
        pytest.param(f"robot:{PASSWORD}", f"not JSON; {MAKE_ONE}", id="no-json"),
        pytest.param("[" * 100_000, f"not JSON; {MAKE_ONE}", id="deep"),
        pytest.param("[]", f"not a JSON object; {MAKE_ONE}", id="list"),
        pytest.param(
            json.dumps({"username": "u", "password": PASSWORD}),
            f"it has no auths; {MAKE_ONE}",
            id="flat",
        ),
        pytest.param('{"credsStore": "desktop"}', f"it has no auths: {ELSEWHERE}", id="store"),
        pytest.param(
            '{"credHelpers": {"gcr.io": "gcr"}}', f"it has no auths: {ELSEWHERE}", id="helpers"
        ),
        pytest.param(
            json.dumps({"auths": [PASSWORD]}),
            f"auths is not an object with registries as keys; {MAKE_ONE}",
            id="auths-a-list",
        ),
        pytest.param(
            json.dumps({"auths": {"registry.test": encoded(f"u:{PASSWORD}")}}),
            "key 'registry.test': not an object that holds auth, or username and password",
            id="entry-a-string",
        ),
        pytest.param(
            json.dumps({"auths": {"https://registry.test/team/": {"auth": PASSWORD}}}),
            "key 'registry.test/team': auth is not base64 of user:password",
            id="auth-in-clear",
        ),
        pytest.param(
            json.dumps({"auths": {"registry.test": {"auth": "ÄÖÜ="}}}),
            "key 'registry.test': auth is not base64 of user:password",
            id="auth-not-ascii",
        ),
        pytest.param(
            json.dumps({"auths": {"registry.test": {"auth": "//79/A=="}}}),
            "key 'registry.test': auth is not base64 of user:password",
            id="auth-not-utf-8",
        ),
        pytest.param(
            json.dumps({"auths": {"registry.test": {"auth": encoded(PASSWORD)}}}),
            "key 'registry.test': auth is base64, but not of user:password",
            id="auth-without-colon",
        ),
        pytest.param(
            json.dumps({"auths": {"registry.test": {"username": "u", "password": [PASSWORD]}}}),
            "key 'registry.test': password is not text",
            id="password-a-list",
        ),
        pytest.param(
            r'{"auths": {"registry.test": {"username": "u", "password": "s3cret\ud800"}}}',
            "key 'registry.test': password is not text",
            id="half-a-surrogate-pair",
        ),
        pytest.param(
            json.dumps({"auths": {f"https://u:{PASSWORD}@registry.test": {"auth": 1}}}),
            "key 'registry.test': auth is not text",
            id="password-in-the-key",
        ),
        pytest.param(
            json.dumps({"registry.test": {"auth": "%"}}),
            "key 'registry.test': auth is not base64 of user:password",
            id="older-shape",
        ),
    ],
)
def test_refuses_and_names_the_key(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        DockerConfig.parse(text)

    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        pytest.param(
            {"auths": {"registry.test": {}}},
            "it holds no user and no password; write auth, or username and password",
            id="nothing",
        ),
        pytest.param(
            {"auths": {"registry.test": {}}, "credsStore": "desktop"},
            f"it holds no user and no password; {ELSEWHERE}",
            id="in-a-store",
        ),
        pytest.param(
            {"auths": {"registry.test": {"auth": encoded("u:")}}},
            "it holds no password; write auth, or username and password",
            id="no-password",
        ),
        pytest.param(
            {"auths": {"registry.test": {"password": PASSWORD}}},
            "it holds no user; write auth, or username and password",
            id="no-user",
        ),
        pytest.param(
            {"auths": {"registry.test": {"registrytoken": PASSWORD}}},
            "it holds only a registrytoken, which is no password and cannot be exchanged for a "
            "token (kubelet does not use it either); write auth, or username and password",
            id="registry-token",
        ),
    ],
)
def test_an_unusable_entry_is_an_error_for_its_own_registry_only(
    document: dict[str, Any], complaint: str
) -> None:
    document["auths"]["other.test"] = {"auth": encoded("u:p")}
    read = DockerConfig.parse(json.dumps(document))

    with pytest.raises(InvalidInput) as caught:
        find(read, "registry.test", "team/app")

    assert str(caught.value) == f"key 'registry.test': {complaint}"
    assert find(read, "other.test", "team/app") == Credential("u", "p")


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(f"{scheme}{host}{end}", id=f"{scheme}{host}{end}")
        for scheme in ("", "https://", "http://", "HTTPS://")
        for host in ("docker.io", "index.docker.io", "registry-1.docker.io", "Index.Docker.IO")
        for end in ("", "/", "/v1/", "/v2/", "/v1", "/v2")
    ],
)
@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_is_one_however_it_is_spelt(key: str, host: str) -> None:
    assert key_for(find(config(key), host, "library/nginx")) == key


@pytest.mark.parametrize(
    ("key", "host", "path"),
    [
        pytest.param("registry.test", "registry.test", "app", id="host"),
        pytest.param("Registry.TEST", "registry.test", "app", id="case"),
        pytest.param("registry.test:5000", "registry.test:5000", "app", id="port"),
        pytest.param("https://registry.test:5000/v2/", "registry.test:5000", "app", id="url-port"),
        pytest.param("[::1]:5000", "[::1]:5000", "app", id="ipv6"),
        pytest.param("registry", "registry", "app", id="one-label"),
        pytest.param("registry.test/team", "registry.test", "team", id="path-all"),
        pytest.param("registry.test/team", "registry.test", "team/app", id="path"),
        pytest.param("registry.test/team/", "registry.test", "team/app", id="path-slash"),
        pytest.param("https://registry.test/v1/team", "registry.test", "team/app", id="v1-path"),
        pytest.param("docker.io/org", "index.docker.io", "org/app", id="docker-hub-path"),
        pytest.param("*.azurecr.io", "x.azurecr.io", "app", id="glob"),
        pytest.param("https://*.azurecr.io/v2/", "x.azurecr.io", "app", id="glob-url"),
        pytest.param("prefix.*.io", "prefix.kubernetes.io", "app", id="glob-in-the-middle"),
        pytest.param("prefix.kubernetes.*", "prefix.kubernetes.io", "app", id="glob-at-the-end"),
        pytest.param("*-good.kubernetes.io", "x-good.kubernetes.io", "app", id="glob-in-a-label"),
        pytest.param("*.test:1111/blah", "a.test:1111", "blah/app", id="glob-port-path"),
    ],
)
def test_a_key_is_for(key: str, host: str, path: str) -> None:
    assert key_for(find(config(key), host, path)) == key


@pytest.mark.parametrize(
    ("key", "host", "path"),
    [
        pytest.param("registry.test", "other.test", "app", id="other-host"),
        pytest.param("registry.test", "registry.test.evil.test", "app", id="longer-host"),
        pytest.param("registry.test", "a.registry.test", "app", id="subdomain"),
        pytest.param("registry.test", "registry.test:5000", "app", id="port-not-written"),
        pytest.param("registry.test:443", "registry.test", "app", id="port-implied"),
        pytest.param("registry.test:5000", "registry.test:5001", "app", id="other-port"),
        pytest.param("registry.test/team", "registry.test", "teamwork/app", id="no-boundary"),
        pytest.param("registry.test/team/app", "registry.test", "team", id="longer-path"),
        pytest.param("registry", "docker.io", "registry/app", id="one-label-is-no-path-of-hub"),
        pytest.param("docker.io", "registry", "app", id="docker-hub-not-for-one-label"),
        pytest.param("*.docker.io", "docker.io", "app", id="glob-not-docker-hub"),
        pytest.param("*.azurecr.io", "azurecr.io", "app", id="glob-fewer-labels"),
        pytest.param("*.azurecr.io", "a.b.azurecr.io", "app", id="glob-one-label"),
        pytest.param("*.azurecr.io", "x.azurecr.io.evil.test", "app", id="glob-anchored"),
        pytest.param("*.azurecr.io", "x.azurecr.io:5000", "app", id="glob-other-port"),
        pytest.param("*.test:*", "a.test:5000", "app", id="no-glob-in-port"),
        pytest.param("registry.test/*", "registry.test", "team", id="no-glob-in-path"),
        pytest.param("k*.io", "quay.io", "app", id="glob-mismatch"),
        pytest.param("*[a].test", "xa.test", "app", id="no-class"),
        pytest.param("x.test@registry.test", "x.test", "app", id="user-is-no-host"),
        pytest.param("", "registry.test", "app", id="empty"),
        pytest.param("https://", "registry.test", "app", id="scheme-alone"),
    ],
)
def test_a_key_is_not_for(key: str, host: str, path: str) -> None:
    assert find(config(key), host, path) is None


@pytest.mark.parametrize("turn", [1, -1], ids=["as-written", "other-way-round"])
@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(
            ["registry.test", "registry.test/team", "registry.test/team/app", "registry.test/te"],
            "registry.test/team/app",
            id="longest-path",
        ),
        pytest.param(["*.test", "registry.test"], "registry.test", id="host-before-glob"),
        pytest.param(
            ["*.test/team/app", "registry.test"], "registry.test", id="host-before-glob-with-path"
        ),
        pytest.param(
            ["registry*.test/team", "registry.test"], "registry.test", id="host-before-glob-as-long"
        ),
        pytest.param(["*.test", "reg*.test"], "reg*.test", id="narrower-glob"),
        pytest.param(["*.test", "*.test/team"], "*.test/team", id="glob-with-path"),
    ],
)
def test_the_closest_key_is_chosen(keys: list[str], expected: str, turn: int) -> None:
    assert key_for(find(config(*keys[::turn]), "registry.test", "team/app")) == expected


def test_of_two_spellings_the_first_that_can_be_used_is_chosen() -> None:
    read = DockerConfig.parse(
        json.dumps(
            {
                "auths": {
                    "https://index.docker.io/v1/": {},
                    "docker.io": {"auth": encoded("a:b")},
                    "registry-1.docker.io": {"auth": encoded("c:d")},
                }
            }
        )
    )

    assert find(read, "docker.io", "library/nginx") == Credential("a", "b")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("registry.test", ("registry.test", ""), id="host"),
        pytest.param(
            "https://u:p@registry.test:5000//a//b/", ("registry.test:5000", "a/b"), id="all"
        ),
        pytest.param("https://u:p/q@registry.test", ("registry.test", ""), id="slash-in-password"),
        pytest.param("registry.test/v2/v1/x", ("registry.test", "v1/x"), id="one-version"),
        pytest.param("registry.test/a?b=c#d", ("registry.test", "a"), id="query"),
        pytest.param("http://docker.io/org", ("docker.io", "org"), id="docker-hub"),
        pytest.param("", ("", ""), id="empty"),
    ],
)
def test_place(written: str, expected: tuple[str, str]) -> None:
    assert place(written) == expected


def test_a_configuration_shows_no_password() -> None:
    read = DockerConfig.parse(
        json.dumps(
            {
                "auths": {
                    f"https://u:{PASSWORD}@a.test": {"auth": encoded(f"u:{PASSWORD}")},
                    "b.test": {"identitytoken": PASSWORD},
                    "c.test": {"registrytoken": PASSWORD},
                    "d.test": {"password": PASSWORD},
                }
            }
        )
    )

    assert PASSWORD not in repr(read)


def told(text: str) -> list[str]:
    """Return all that is told of a configuration: errors of reading it, and of each entry."""
    try:
        read = DockerConfig.parse(text)
    except InvalidInput as error:
        return [error.explained(), repr(error)]
    messages = [repr(read)]
    for entry in read.entries:
        try:
            find(read, entry.host, entry.path)
        except InvalidInput as error:
            messages += [error.explained(), repr(error)]
    return messages


SECRETS = st.sampled_from(
    [
        PASSWORD,
        f"robot:{PASSWORD}",
        encoded(PASSWORD),
        encoded(f"robot:{PASSWORD}"),
        encoded(f"robot:{PASSWORD}")[:-1],
        f"{PASSWORD}\ud800",
        f"{PASSWORD}\n",
    ]
)
LEAVES = SECRETS | st.none() | st.booleans() | st.integers()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(SECRETS, inner, max_size=2)
)
FIELDS = st.sampled_from(["auth", "username", "password", "identitytoken", "registrytoken"])
KEYS = st.sampled_from(
    ["registry.test", "docker.io", "*.test", f"https://u:{PASSWORD}@registry.test/v1/", "x\n\ud800"]
)
AUTHS = st.dictionaries(KEYS, st.dictionaries(FIELDS, VALUES, max_size=4) | VALUES, max_size=3)
DOCUMENTS = (
    st.fixed_dictionaries({"auths": AUTHS}, optional={"credsStore": LEAVES})
    | AUTHS
    | st.fixed_dictionaries({"auths": VALUES})
    | VALUES
)


@given(DOCUMENTS)
def test_no_error_tells_a_password(document: Any) -> None:
    hidden = (PASSWORD, encoded(PASSWORD), encoded(f"robot:{PASSWORD}")[:-1])

    for message in told(json.dumps(document)):
        assert not any(secret in message for secret in hidden)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
@example("9" * 5000)
@example('{"auths": {"a": {"auth": "="}}}')
@example('{"auths": {"a": {"auth": "===="}}}')
def test_any_text_is_read_or_refused(text: str) -> None:
    told(text)
