"""References to credentials: the grammar, and which of them an annotation may use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.errors import InvalidInput
from cmp.registry.auth.reference import (
    PullSecret,
    Reference,
    Script,
    SecretField,
    Variable,
    allowed_from_annotation,
    is_for,
    parse,
)

PASSWORD = "s3cret-Pa55"
KINDS = (
    "it does not begin with a kind of credentials, and a password does not belong here; "
    "use one of: env:, ext:, pullsecret:, secret:"
)
EXT = "ext: takes the absolute path of a program that prints user:password, nothing else"
SECRET = "write secret:<namespace>/<name>#<field>"
PULL_SECRET = "write pullsecret:<namespace>/<name>"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param(
            "secret:argocd/reg#creds",
            SecretField(namespace="argocd", name="reg", field="creds"),
            id="secret",
        ),
        pytest.param(
            "secret:a-1/reg.x-y.z#_A.b-c",
            SecretField(namespace="a-1", name="reg.x-y.z", field="_A.b-c"),
            id="secret-names",
        ),
        pytest.param(
            "pullsecret:argocd/reg", PullSecret(namespace="argocd", name="reg"), id="pullsecret"
        ),
        pytest.param("env:REGISTRY_1", Variable(name="REGISTRY_1"), id="env"),
        pytest.param("env:reg.x-y", Variable(name="reg.x-y"), id="env-kubernetes-name"),
        pytest.param("ext:/scripts/login.sh", Script(path="/scripts/login.sh"), id="ext"),
        pytest.param("ext:/a b:c", Script(path="/a b:c"), id="ext-colon"),
        pytest.param("ext:/a=b", Script(path="/a=b"), id="ext-equals"),
        pytest.param("ext:/a=env:B", Script(path="/a=env:B"), id="ext-like-a-registry"),
        pytest.param(" env:A\n", Variable(name="A"), id="blanks-around"),
        pytest.param("ENV:A", Variable(name="A"), id="upper-case"),
        pytest.param(
            "Secret:a/b#c", SecretField(namespace="a", name="b", field="c"), id="mixed-case"
        ),
        pytest.param("PullSecret:a/b", PullSecret(namespace="a", name="b"), id="camel-case"),
        pytest.param("Ext:/a", Script(path="/a"), id="ext-case"),
        pytest.param(
            "gcr.io=secret:a/b#c",
            SecretField(namespace="a", name="b", field="c", registry="gcr.io"),
            id="registry",
        ),
        pytest.param(
            "registry.test:5000=PullSecret:a/b",
            PullSecret(namespace="a", name="b", registry="registry.test:5000"),
            id="registry-port",
        ),
        pytest.param(
            "Registry.TEST=env:A", Variable(name="A", registry="registry.test"), id="registry-case"
        ),
        pytest.param(
            "https://index.docker.io/v1/=env:A",
            Variable(name="A", registry="docker.io"),
            id="registry-docker-hub",
        ),
        pytest.param(
            "ext:5000=ext:/a=b", Script(path="/a=b", registry="ext:5000"), id="a-host-ext"
        ),
        pytest.param("[::1]:5000=env:A", Variable(name="A", registry="[::1]:5000"), id="ipv6"),
    ],
)
def test_reads(written: str, expected: Reference) -> None:
    assert parse(written) == expected


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        pytest.param("", KINDS, id="nothing"),
        pytest.param(PASSWORD, KINDS, id="password"),
        pytest.param(f"robot:{PASSWORD}", KINDS, id="user-and-password"),
        pytest.param(f"robot:{PASSWORD}=", KINDS, id="password-with-equals"),
        pytest.param("env", f"{KINDS}; did you mean 'env'?", id="kind-alone"),
        pytest.param("evn:A", f"{KINDS}; did you mean 'env'?", id="env-misspelt"),
        pytest.param("secrets:a/b#c", f"{KINDS}; did you mean 'secret'?", id="secret-misspelt"),
        pytest.param(
            "pull-secret:a/b", f"{KINDS}; did you mean 'pullsecret'?", id="pullsecret-misspelt"
        ),
        pytest.param("gcr.io=evn:A", f"{KINDS}; did you mean 'env'?", id="misspelt-for-a-registry"),
        pytest.param("=env:A", f"{KINDS}; did you mean 'env'?", id="no-registry"),
        pytest.param(
            "registry.test/team=env:A",
            "before = stands no registry's host; write <host>[:<port>]=<kind>:…",
            id="registry-with-path",
        ),
        pytest.param(
            f"u:{PASSWORD}@registry.test=env:A",
            KINDS,
            id="registry-with-user",
        ),
        pytest.param("secret:a/b", f"secret: names no field; {SECRET}", id="no-field"),
        pytest.param("secret:", f"secret: names no field; {SECRET}", id="secret-alone"),
        pytest.param("secret:b#c", f"secret: names no namespace; {SECRET}", id="no-namespace"),
        pytest.param(
            "secret:/b#c",
            f"no namespace and name that Kubernetes would take; {SECRET}",
            id="empty-namespace",
        ),
        pytest.param(
            "secret:a/#c",
            f"no namespace and name that Kubernetes would take; {SECRET}",
            id="empty-name",
        ),
        pytest.param(
            "secret:a/../c#d",
            f"no namespace and name that Kubernetes would take; {SECRET}",
            id="three-parts",
        ),
        pytest.param(
            "secret:a/..#d",
            f"no namespace and name that Kubernetes would take; {SECRET}",
            id="dots",
        ),
        pytest.param(
            f"secret:{'a' * 64}/b#c",
            f"no namespace and name that Kubernetes would take; {SECRET}",
            id="long-namespace",
        ),
        pytest.param(
            "secret:a/b#c#d",
            f"secret: a field cannot be named like this; {SECRET}",
            id="two-fields",
        ),
        pytest.param(
            "secret:a/b#", f"secret: a field cannot be named like this; {SECRET}", id="empty-field"
        ),
        pytest.param(
            "pullsecret:b",
            "pullsecret: names no namespace, which is required even where there is but one choice, "
            f"as in argocd-image-updater; {PULL_SECRET}",
            id="pullsecret-without-namespace",
        ),
        pytest.param(
            "pullsecret:a/B",
            f"no namespace and name that Kubernetes would take; {PULL_SECRET}",
            id="pullsecret-upper-case",
        ),
        pytest.param(
            "pullsecret:a/b#c",
            f"pullsecret: takes no field; {PULL_SECRET}, "
            "or secret:<namespace>/<name>#<field> for a field that holds user:password",
            id="pullsecret-with-field",
        ),
        pytest.param(
            f"env:robot:{PASSWORD}",
            "env: takes the name of a variable that holds user:password",
            id="env-no-variable",
        ),
        pytest.param(
            "env:", "env: takes the name of a variable that holds user:password", id="env-alone"
        ),
        pytest.param(
            "ext:scripts/a.sh",
            EXT,
            id="ext-relative",
        ),
        pytest.param(
            "ext:/a\0b",
            EXT,
            id="ext-nul",
        ),
    ],
)
def test_refuses_and_says_how(written: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(written)

    assert str(caught.value) == complaint


@pytest.mark.parametrize(
    ("written", "host"),
    [
        pytest.param("env:A", "registry.test", id="any"),
        pytest.param("registry.test=env:A", "registry.test", id="its-own"),
        pytest.param("registry.test=env:A", "REGISTRY.test", id="case"),
        pytest.param("docker.io=env:A", "registry-1.docker.io", id="docker-hub"),
    ],
)
def test_a_credential_is_for_the_registry_it_names(written: str, host: str) -> None:
    assert is_for(parse(written), host)


@pytest.mark.parametrize(
    "host", ["other.test", "registry.test:5000", "registry.test.evil.test", "a.registry.test", ""]
)
def test_a_credential_is_for_no_other_registry(host: str) -> None:
    assert not is_for(parse("registry.test=env:A"), host)


@pytest.mark.parametrize(
    "written",
    [
        "secret:team-a/reg#creds",
        "pullsecret:team-a/reg",
        "SECRET:team-a/reg#creds",
        "gcr.io=pullsecret:team-a/reg",
    ],
)
def test_an_annotation_may_name_a_secret_beside_its_application(written: str) -> None:
    reference = parse(written)

    assert allowed_from_annotation(reference, "team-a") is reference


@pytest.mark.parametrize(
    "written",
    [
        "env:PATH",
        "ENV:PATH",
        "gcr.io=env:PATH",
        "ext:/bin/true",
        "Ext:/bin/true",
        "gcr.io=EXT:/bin/true",
    ],
)
def test_an_annotation_may_not_use_what_is_the_refreshers(written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        allowed_from_annotation(parse(written), "team-a")

    kind = "env" if "env" in written.lower() else "ext"
    assert str(caught.value) == (
        f"{kind}: is for registries.conf only, an annotation cannot use it; "
        "write secret:<namespace>/<name>#<field> or pullsecret:<namespace>/<name> "
        "with the Application's namespace, 'team-a'"
    )


@pytest.mark.parametrize(
    "written",
    [
        "secret:team-b/reg#creds",
        "pullsecret:team-b/reg",
        "SECRET:team-b/reg#creds",  # passes argocd-image-updater's check
        "gcr.io=secret:team-b/reg#creds",  # likewise
        "gcr.io=PullSecret:team-b/reg",
    ],
)
def test_an_annotation_may_not_name_a_secret_of_others(written: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        allowed_from_annotation(parse(written), "team-a")

    assert str(caught.value) == (
        "the Secret is in namespace 'team-b', the Application in 'team-a': "
        "an annotation can only use the Secrets beside it"
    )


def test_an_application_without_a_namespace_may_name_none() -> None:
    with pytest.raises(InvalidInput):
        allowed_from_annotation(parse("secret:team-a/reg#creds"), "")


def test_a_secret_is_shown_by_its_name() -> None:
    assert parse("secret:a/b#c").where == "Secret a/b"  # type: ignore[union-attr] # of a Secret
    assert parse("pullsecret:a/b").where == "Secret a/b"  # type: ignore[union-attr] # likewise


BEFORE = st.text(max_size=5) | st.sampled_from(
    [
        *("", "env:", "ext:", "secret:", "secret:a/", "secret:a/b#", "pullsecret:", "evn:"),
        *("pullsecret:a/b#", "user:", "gcr.io=", "gcr.io=env:", "=", "https://", "a@"),
    ]
)


def told(text: str) -> str:
    """Return what is said of a reference that cannot be read, nothing of one that can."""
    try:
        parse(text)
    except InvalidInput as error:
        return error.explained()
    return ""


@given(BEFORE, st.text(max_size=5))
def test_no_error_repeats_what_was_written(before: str, after: str) -> None:
    assert PASSWORD.lower() not in told(f"{before}{PASSWORD}{after}").lower()


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    told(text)
