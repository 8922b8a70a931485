"""Branches, messages and addresses: what people write, as values or refused."""

import hashlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.errors import InvalidInput, InvalidPolicy
from cmp.writeback.git_address import Address, normalized
from cmp.writeback.git_branch import Branches, branch
from cmp.writeback.git_message import Author, author, message
from cmp.writeback.git_update import Change, Update
from cmp.writeback.go_template import Template

UPDATE = Update(
    "guestbook",
    "argocd",
    (Change("team/app", "app", "v1", "v4"), Change("redis", "cache", "6", "7")),
    "1a2b3c4d",
)
SHA = hashlib.sha256(b"team/app-v1-v4,redis-6-7,").hexdigest()


@pytest.mark.parametrize(
    ("text", "revision", "base", "written"),
    [
        pytest.param("", "main", "main", "", id="target-revision"),
        pytest.param("release", "main", "release", "", id="base"),
        pytest.param("HEAD", "main", "", "", id="head"),
        pytest.param("", "", "", "", id="default"),
        pytest.param("", "refs/heads/main", "main", "", id="whole-ref"),
        pytest.param(":images", "main", "main", "images", id="write-only"),
        pytest.param("main:images", "x", "main", "images", id="both"),
        pytest.param(
            "main:u{{range .Images}}-{{.Name}}-{{.NewTag}}{{end}}",
            *("x", "main", "u-team/app-v4-redis-7"),
            id="images",
        ),
        pytest.param("main:u-{{.SHA256}}", "x", "main", f"u-{SHA}", id="sha"),
        pytest.param(
            "main:{{.AppNamespace}}/{{.AppName}}-{{.TargetKey}}",
            *("x", "main", "argocd/guestbook-1a2b3c4d"),
            id="application",
        ),
        pytest.param(f"main:{'x' * 300}", "x", "main", "x" * 255, id="cut"),
    ],
)
def test_git_branch(text: str, revision: str, base: str, written: str) -> None:
    branches = Branches.parse(text, revision)

    assert branches.base == base
    assert branches.written(UPDATE) == written


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("a:b:c", "more than one colon", id="colons"),
        pytest.param("main:", "no branch after the colon", id="no-write"),
        pytest.param("--upload-pack=x", "not the name of a branch", id="option"),
        pytest.param("a..b", "not the name of a branch", id="range"),
        pytest.param("main:{{.Nope}}", "no field .Nope", id="field"),
        pytest.param("main:a b", "not the name of a branch", id="space"),
    ],
)
def test_git_branch_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Branches.parse(text, "main").written(UPDATE)

    assert complaint in caught.value.message


@given(st.text(alphabet="ab-./@{~^:?*[\\ \x7flock#_HEAD", min_size=1, max_size=12))
def test_what_we_take_for_a_branch_git_does_too(name: str) -> None:
    try:
        taken = branch(name)
    except InvalidPolicy:
        return
    checked = subprocess.run(
        ["git", "check-ref-format", "--branch", taken], capture_output=True, check=False
    )
    assert checked.returncode == 0


def test_the_message_of_one_application_is_argocd_image_updaters() -> None:
    assert message([UPDATE]) == (
        "build: automatic update of guestbook\n\n"
        "updates image team/app tag 'v1' to 'v4'\nupdates image redis tag '6' to '7'\n"
    )


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("chore: {{.AppName}}", "chore: guestbook\n", id="own"),
        pytest.param("{{range .AppChanges}}{{.Image}} {{end}}", "team/app redis \n", id="changes"),
        pytest.param("", "Update parameters\n", id="empty"),
    ],
)
def test_the_message_of_a_template(template: str, text: str) -> None:
    assert message([UPDATE], Template.parse(template)) == text


def test_the_message_of_many_with_all_options() -> None:
    other = UPDATE._replace(application="other")

    text = message(
        [UPDATE, other],
        Template.parse("up {{.AppName}}"),
        skip_ci=True,
        sign_off=Author("B", "b@c"),
    )

    assert text == (
        "build: automatic update of 2 applications [skip ci]\n\nup guestbook\n\nup other\n\n"
        "Signed-off-by: B <b@c>\n"
    )


@pytest.mark.parametrize("name", ["", "a\nb", "a <b>", "..."])
def test_no_author_that_git_cannot_write(name: str) -> None:
    with pytest.raises(InvalidInput):
        author(name, "a@b")


@pytest.mark.parametrize(
    ("url", "given", "origin"),
    [
        pytest.param("https://git.test/a/b.git", "https://git.test/a/b.git", "https://git.test"),
        pytest.param(
            "https://u:p@git.test:8443/a/", "https://git.test:8443/a", "https://git.test:8443"
        ),
        pytest.param("git@git.test:a/b.git", "ssh://git@git.test/a/b.git", "ssh://git.test"),
        pytest.param("ssh://git@git.test:22/a", "ssh://git@git.test:22/a", "ssh://git.test:22"),
        pytest.param("https://[::1]:8/a", "https://[::1]:8/a", "https://[::1]:8"),
    ],
)
def test_addresses(url: str, given: str, origin: str) -> None:
    address = Address.parse(url)

    assert (address.url, address.origin) == (given, origin)


@pytest.mark.parametrize(
    "url",
    [
        *("ext::sh -c touch% /tmp/x", "file:///etc", "--upload-pack=x", "https://git.test"),
        *(
            "ssh://-oProxyCommand=x/a",
            "https://git.test/a\nb",
            "/etc/passwd",
            "",
            "git://git.test/a",
        ),
        *("ssh://-l@git.test/a", "https://git.test:99999/a", "https://a b/c", "-x@git.test:a"),
    ],
)
def test_addresses_that_git_is_not_given(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Address.parse(url)

    assert caught.value.exit_status == 2


def test_no_password_of_an_address_is_shown() -> None:
    with pytest.raises(InvalidInput) as caught:
        Address.parse("ftp://user:s3cret@git.test/a")

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        pytest.param("https://Git.test/A/b.git", "https://git.test/a/B", True, id="case-and-git"),
        pytest.param("git@git.test:a/b", "ssh://git@git.test/a/b.git", True, id="ssh"),
        pytest.param("https://git.test/a", "http://git.test/a", False, id="scheme"),
        pytest.param("https://git.test/a", "https://git.test:443/a", False, id="port"),
    ],
)
def test_addresses_compare_as_in_argo_cd(one: str, other: str, *, alike: bool) -> None:
    assert (normalized(one) == normalized(other)) is alike
