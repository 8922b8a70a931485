"""Whose credential is used for what: Argo CD's Secrets, and the deputy's rules (design §7)."""

import pytest

from cmp.errors import InvalidInput, InvalidPolicy
from cmp.writeback.git_credential import SECRET_TYPE, RepositorySecret, chosen, parse_secret
from cmp.writeback.git_deputy import (
    CredentialSource,
    is_permitted,
    refuse_repository,
    refuse_secret,
)

REPOSITORY = {SECRET_TYPE: "repository"}
TEMPLATE = {SECRET_TYPE: "repo-creds"}


def secret(
    kind: dict[str, str], url: str, password: str = "", project: str = ""
) -> RepositorySecret:
    found = parse_secret(
        f"{url} {password}", kind, {"url": url, "password": password, "project": project}
    )
    assert found
    return found


def test_all_fields_of_a_secret() -> None:
    data = {
        "type": "git",
        "url": "https://git.test/a",
        "project": "blue",
        "username": "robot",
        "password": "p4ss",
        "forceHttpBasicAuth": "true",
        "insecure": "1",
        "githubAppID": "12",
        "githubAppInstallationID": "34",
        "githubAppPrivateKey": "KEY",
        "githubAppEnterpriseBaseUrl": "https://git.test/api/v3/",
        "sshPrivateKey": "SSH",
        "proxy": "http://proxy:3128",
    }

    found = parse_secret("one", REPOSITORY, data)

    assert found
    assert (found.url, found.project, found.is_template) == ("https://git.test/a", "blue", False)
    credential = found.credential
    assert (credential.username, credential.password, credential.ssh_key) == (
        "robot",
        "p4ss",
        "SSH",
    )
    assert (credential.github_app, credential.github_installation) == (12, 34)
    assert credential.github_api == "https://git.test/api/v3"
    assert credential.force_basic
    assert credential.insecure
    shown = repr(credential)
    assert not any(hidden in shown for hidden in ("p4ss", "KEY", "SSH", "3128"))


@pytest.mark.parametrize(
    ("labels", "data"),
    [
        pytest.param({}, {"url": "https://a/b"}, id="no-label"),
        pytest.param({SECRET_TYPE: "cluster"}, {"url": "https://a/b"}, id="cluster"),
        pytest.param(REPOSITORY, {"url": "https://a/b", "type": "helm"}, id="helm"),
        pytest.param(TEMPLATE, {"url": "https://a/b", "type": "oci"}, id="oci"),
    ],
)
def test_secrets_of_another_kind_are_none_of_ours(
    labels: dict[str, str], data: dict[str, str]
) -> None:
    assert parse_secret("one", labels, data) is None


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        pytest.param({}, "no url", id="url"),
        pytest.param({"password": "a\nquit=1"}, "password has a line break", id="line-break"),
        pytest.param({"githubAppID": "x"}, "githubAppID is no number", id="number"),
        pytest.param({"insecure": "yes"}, "insecure is neither", id="truth"),
        pytest.param({"githubAppPrivateKey": "x"}, "without githubAppID", id="no-app"),
        pytest.param({"gcpServiceAccountKey": "{}"}, "a Google service account", id="google"),
    ],
)
def test_secrets_that_cannot_be_used_say_why(data: dict[str, str], complaint: str) -> None:
    url = {"url": "https://a/b"} if data else {}

    with pytest.raises(InvalidInput) as caught:
        parse_secret("team-creds", REPOSITORY, {**url, **data})

    assert complaint in str(caught.value)
    assert "Secret team-creds" in str(caught.value)


OWN = secret(REPOSITORY, "https://git.test/team/app.git", "own")
BLUE = secret(REPOSITORY, "https://git.test/team/app", "blue's", "blue")
HOST = secret(TEMPLATE, "https://git.test", "host")
TEAM = secret(TEMPLATE, "https://git.test/team", "team")
NAMED = secret(REPOSITORY, "https://git.test/team/named")


@pytest.mark.parametrize(
    ("url", "project", "secrets", "password"),
    [
        pytest.param("https://git.test/team/app", "red", [OWN, BLUE], "own", id="not-anothers"),
        pytest.param("https://git.test/team/app", "blue", [OWN, BLUE], "blue's", id="the-projects"),
        pytest.param("https://git.test/team/app", "red", [BLUE], "", id="only-anothers"),
        pytest.param("https://git.test/team/app", "red", [BLUE, HOST], "host", id="then-template"),
        pytest.param("https://GIT.test/team/app.git", "", [OWN], "own", id="case-and-git"),
        pytest.param("https://git.test/team/x", "", [HOST, TEAM], "team", id="longest"),
        pytest.param("https://git.test/x", "", [HOST, TEAM], "host", id="shorter"),
        pytest.param("https://git.test/team/named", "", [NAMED, TEAM], "team", id="completed"),
        pytest.param("https://git.test.evil/team/x", "", [HOST], "", id="not-a-hosts-prefix"),
        pytest.param("https://git.test:8443/team/x", "", [HOST], "", id="another-port"),
        pytest.param("http://git.test/team/app", "", [OWN, HOST], "", id="another-scheme"),
        pytest.param("git@git.test:team/app", "", [OWN, HOST], "", id="not-by-ssh"),
        pytest.param("https://git.test/team/app", "", [], "", id="none"),
        pytest.param("https://u:p%40@git.test/team/app", "", [], "p@", id="in-the-url"),
    ],
)
def test_which_secret_is_for_a_repository(
    url: str, project: str, secrets: list[RepositorySecret], password: str
) -> None:
    assert chosen(url, project, secrets).password == password
    assert chosen(url, project, secrets[::-1]).password == password


@pytest.mark.parametrize(
    ("method", "named"),
    [
        pytest.param("git", ("", ""), id="git"),
        pytest.param("git:repocreds", ("", ""), id="repocreds"),
        pytest.param("git:secret:team-a/creds", ("team-a", "creds"), id="own-namespace"),
        pytest.param("git:secret:creds", ("team-a", "creds"), id="no-namespace"),
    ],
)
def test_which_credential_an_application_names(method: str, named: tuple[str, str]) -> None:
    assert CredentialSource.parse(method, "team-a") == named


@pytest.mark.parametrize(
    ("method", "complaint"),
    [
        pytest.param(
            "git:secret:argocd/creds", "not in the Application's namespace", id="argocd's"
        ),
        pytest.param(
            "git:secret:team-b/creds", "not in the Application's namespace", id="team-b's"
        ),
        pytest.param("git:secret:", "not a way to write to Git", id="no-name"),
        pytest.param("git:secret:a/b/c", "not a way to write to Git", id="path"),
        pytest.param("git:x", "not a way to write to Git", id="other"),
    ],
)
def test_no_secret_of_elsewhere(method: str, complaint: str) -> None:
    with pytest.raises(InvalidPolicy, match=complaint):
        CredentialSource.parse(method, "team-a")


def test_no_secret_of_argo_cds_own() -> None:
    with pytest.raises(InvalidPolicy, match="belongs to Argo CD"):
        refuse_secret(CredentialSource("argocd", "repo-1"), TEMPLATE)
    refuse_secret(CredentialSource("argocd", "git-creds"), {"app": "x"})


@pytest.mark.parametrize(
    ("url", "patterns", "permitted"),
    [
        pytest.param("https://git.test/a/b", ["*"], True, id="all"),
        pytest.param("https://git.test/a/b.git", ["https://git.test/a/b"], True, id="exactly"),
        pytest.param("https://git.test/a/b", ["https://git.test/a/*"], True, id="star"),
        pytest.param("https://git.test/a/b/c", ["https://git.test/a/*"], False, id="star-stops"),
        pytest.param("https://git.test/a/b/c", ["https://git.test/a/**"], True, id="two-stars"),
        pytest.param("https://git.test/x/b", ["https://git.test/a/**"], False, id="elsewhere"),
        pytest.param("https://git.test/a/b", ["*", "!https://git.test/a/b"], False, id="denied"),
        pytest.param("https://git.test/a/c", ["!https://git.test/a/b"], True, id="only-denies"),
        pytest.param("https://git.test/a/b", [], False, id="nothing"),
        pytest.param("git@git.test:a/b", ["ssh://git@git.test/a/*"], True, id="ssh"),
        pytest.param("https://git.test/a/b", ["https://git.test/{a,b}/b"], False, id="braces"),
        pytest.param("https://git.test/a", ["*", "!https://git.test/[x]"], False, id="untellable"),
        pytest.param("https://evil/git.test/a", ["https://*/a"], False, id="no-slash-in-star"),
    ],
)
def test_which_repositories_a_project_permits(
    url: str, patterns: list[str], *, permitted: bool
) -> None:
    assert is_permitted(url, patterns) is permitted


def test_a_repository_outside_the_project_is_refused_with_the_way_out() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        refuse_repository("https://u:s3cret@git.test/b", "blue", ["https://git.test/a"])

    assert str(caught.value) == (
        "git-repository: the project blue does not permit the repository https://git.test/b; "
        "add it to the AppProject's sourceRepos, or name another repository"
    )
