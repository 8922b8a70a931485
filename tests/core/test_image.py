import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.core.image import Image, Repository, is_digest, is_tag, reference_suffix, split_tag
from cmp.errors import InvalidImage
from tests.support.values import DIGEST


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        pytest.param("nginx", "docker.io/library/nginx", None, None, id="bare"),
        pytest.param("nginx:1.27", "docker.io/library/nginx", "1.27", None, id="tag"),
        pytest.param("team/app:v1", "docker.io/team/app", "v1", None, id="hub-namespace"),
        pytest.param("library/app:1", "docker.io/library/app", "1", None, id="library"),
        pytest.param("docker.io/app:1", "docker.io/library/app", "1", None, id="hub"),
        pytest.param("index.docker.io/app", "docker.io/library/app", None, None, id="hub-index"),
        pytest.param("registry-1.docker.io/a/b", "docker.io/a/b", None, None, id="hub-api"),
        pytest.param("ghcr.io/o/app:v1", "ghcr.io/o/app", "v1", None, id="host"),
        pytest.param("ghcr.io/app:v1", "ghcr.io/app", "v1", None, id="host-without-namespace"),
        pytest.param("localhost/app:1", "localhost/app", "1", None, id="localhost"),
        pytest.param("localhost:1", "docker.io/library/localhost", "1", None, id="no-host"),
        pytest.param("reg:5000/app", "reg:5000/app", None, None, id="port-is-no-tag"),
        pytest.param("reg:5000/app:1", "reg:5000/app", "1", None, id="port-and-tag"),
        pytest.param("[::1]:5000/app:1", "[::1]:5000/app", "1", None, id="ipv6"),
        pytest.param("[fe80::1]/app", "[fe80::1]/app", None, None, id="ipv6-no-port"),
        pytest.param("Reg.Test/app", "Reg.Test/app", None, None, id="host-in-capitals"),
        pytest.param(f"app@{DIGEST}", "docker.io/library/app", None, DIGEST, id="digest"),
        pytest.param(f"a.io/b:1@{DIGEST}", "a.io/b", "1", DIGEST, id="tag-and-digest"),
        pytest.param("a.io/b@x+y:AZ=_-", "a.io/b", None, "x+y:AZ=_-", id="other-algorithm"),
        pytest.param("a.io/b--c__d.e", "a.io/b--c__d.e", None, None, id="marks"),
    ],
)
def test_parses_and_prints_back(
    text: str, repository: str, tag: str | None, digest: str | None
) -> None:
    image = Image.parse(text)

    assert (str(image.repository), image.tag, image.digest) == (repository, tag, digest)
    assert str(image) == text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "not a repository path: ''", id="empty"),
        pytest.param("UPPER/case", "not a repository path: 'UPPER/case'", id="upper"),
        pytest.param("white space", "not a repository path: 'white space'", id="space"),
        pytest.param("a//b", "not a repository path: 'a//b'", id="empty-component"),
        pytest.param("a.io/", "not a repository path: ''", id="host-only"),
        pytest.param("a.io/../b", "not a repository path: '../b'", id="upwards"),
        pytest.param("a..b", "not a repository path: 'a..b'", id="two-dots"),
        pytest.param("a___b", "not a repository path: 'a___b'", id="three-underscores"),
        pytest.param("-a.io/b", "not a registry host: '-a.io'", id="host-dash"),
        pytest.param("a..io/b", "not a registry host: 'a..io'", id="host-empty-label"),
        pytest.param("a.io:/b", "not a tag: '/b'", id="host-port-empty"),
        pytest.param("a.io/b:5/c", "not a repository path: 'b:5/c'", id="port-in-path"),
        pytest.param("a@b.io/c", "not a digest: 'b.io/c'", id="user-in-host"),
        pytest.param("nginx:", "not a tag: ''", id="tag-empty"),
        pytest.param("nginx:a b", "not a tag: 'a b'", id="tag-space"),
        pytest.param("nginx:1,x=2", "not a tag: '1,x=2'", id="tag-comma"),
        pytest.param("nginx:.1", "not a tag: '.1'", id="tag-begins-with-dot"),
        pytest.param("nginx:^1", "not a tag: '^1'", id="constraint-is-no-tag"),
        pytest.param("nginx:1\n", r"not a tag: '1\n'", id="newline"),
        pytest.param("nginx@sha256", "not a digest: 'sha256'", id="digest-without-algorithm"),
        pytest.param("nginx@", "not a digest: ''", id="digest-empty"),
        pytest.param("nginx@sha256:a b", "not a digest: 'sha256:a b'", id="digest-space"),
    ],
)
def test_refuses_and_says_which_part(text: str, complaint: str) -> None:
    with pytest.raises(InvalidImage) as caught:
        Image.parse(text)

    assert caught.value.message == complaint
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("nginx", "docker.io/library/nginx", True, id="hub"),
        pytest.param("nginx", "index.docker.io/nginx", True, id="hub-spelling"),
        pytest.param("a.io/b", "a.io/b", True, id="itself"),
        pytest.param("a.io/library/b", "a.io/b", False, id="library-elsewhere"),
        pytest.param("a.io/b", "c.io/b", False, id="host"),
        pytest.param("a.io/b", "a.io/c", False, id="path"),
    ],
)
def test_repositories_are_equal_when_they_are_one_place(
    one: str, other: str, *, same: bool
) -> None:
    this, that = Repository.parse(one), Repository.parse(other)

    assert (this == that) is same
    assert (this != that) is not same
    assert len({this, that}) == (1 if same else 2)
    assert (this.written, that.written) == (one, other)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        pytest.param("v1.0_rc-1", True, id="all-marks"),
        pytest.param("_", True, id="underscore"),
        pytest.param("a" * 128, True, id="longest"),
        pytest.param("a" * 129, False, id="too-long"),
        pytest.param("", False, id="empty"),
        pytest.param("-a", False, id="begins-with-dash"),
        pytest.param("1+2", False, id="plus"),
        pytest.param("é", False, id="letter-beyond-ascii"),
        pytest.param("a\n", False, id="newline"),
    ],
)
def test_is_tag(text: str, *, valid: bool) -> None:
    assert is_tag(text) is valid


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        pytest.param(DIGEST, True, id="sha256"),
        pytest.param("sha256+b64u:LCa0-_=", True, id="two-part-algorithm"),
        pytest.param("sha256", False, id="no-colon"),
        pytest.param("SHA256:ab", False, id="algorithm-in-capitals"),
        pytest.param("sha256:", False, id="empty"),
        pytest.param("sha256:ab\n", False, id="newline"),
    ],
)
def test_is_digest(text: str, *, valid: bool) -> None:
    assert is_digest(text) is valid


@pytest.mark.parametrize(
    ("text", "name", "rest"),
    [
        pytest.param("nginx", "nginx", None, id="none"),
        pytest.param("nginx:", "nginx", "", id="empty"),
        pytest.param("nginx:^1", "nginx", "^1", id="constraint"),
        pytest.param("reg:5000/app", "reg:5000/app", None, id="port"),
        pytest.param("reg:5000/app:~1.0", "reg:5000/app", "~1.0", id="port-and-constraint"),
        pytest.param("reg:x/app", "reg", "x/app", id="no-port"),
        pytest.param("app:1 || 2", "app", "1 || 2", id="or"),
        pytest.param("[::1]/app:1", "[::1]/app", "1", id="ipv6"),
        pytest.param("[::1]:5/app", "[::1]:5/app", None, id="ipv6-port"),
    ],
)
def test_split_tag(text: str, name: str, rest: str | None) -> None:
    assert split_tag(text) == (name, rest)


@pytest.mark.parametrize(
    ("tag", "digest", "suffix"),
    [
        pytest.param(None, None, "", id="nothing"),
        pytest.param("1", None, ":1", id="tag"),
        pytest.param("", DIGEST, f"@{DIGEST}", id="digest"),
        pytest.param("1", DIGEST, f":1@{DIGEST}", id="both"),
    ],
)
def test_reference_suffix(tag: str | None, digest: str | None, suffix: str) -> None:
    assert reference_suffix(tag, digest) == suffix


_COMPONENTS = st.from_regex(r"[a-z0-9]{1,3}(?:(?:\.|_|__|-{1,2})[a-z0-9]{1,2})?", fullmatch=True)
_REFERENCES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "localhost/", "reg:5000/", "reg.test/", "[::1]:80/", "docker.io/"]),
    st.lists(_COMPONENTS, min_size=1, max_size=3).map("/".join),
    st.one_of(st.just(""), st.from_regex(r":[A-Za-z0-9_][A-Za-z0-9._-]{0,5}", fullmatch=True)),
    st.sampled_from(["", f"@{DIGEST}"]),
)


@given(_REFERENCES)
def test_what_is_parsed_is_printed_as_it_was(text: str) -> None:
    image = Image.parse(text)

    assert str(image) == text
    assert Image.parse(str(image)) == image
