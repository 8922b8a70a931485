"""``registries.conf``: every key, every complaint, and which registry an image belongs to."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from cmp.core.image import Repository
from cmp.errors import InvalidInput
from cmp.registry.configuration import Registries, Registry
from cmp.registry.registries_file import read_registries
from tests.support.cli import PROJECT

HUB_API = "https://registry-1.docker.io"
CASES = {
    case["id"]: case
    for case in json.loads((PROJECT / "tests" / "cases" / "image-updater.json").read_text())[
        "cases"
    ]["registry_prefix"]
}


def entry(name: str = "one", **keys: Any) -> dict[str, Any]:
    return {"name": name, "api_url": f"https://{name}.test", **keys}


def parse(*entries: Any) -> Registries:
    return Registries.parse({"registries": list(entries)})


def registry_of(image: str, *entries: Any) -> Registry:
    return parse(*entries).of(Repository.parse(image))


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param({}, Registry("one", "https://one.test"), id="least"),
        pytest.param(
            {"api_url": "http://127.0.0.1:5000/"},
            Registry("one", "http://127.0.0.1:5000"),
            id="api_url-slash",
        ),
        pytest.param(
            {"prefix": "one.test/team/"},
            Registry("one", "https://one.test", "one.test/team"),
            id="prefix",
        ),
        pytest.param({"prefix": None}, Registry("one", "https://one.test"), id="prefix-null"),
        pytest.param(
            {"defaultns": "library"},
            Registry("one", "https://one.test", default_namespace="library"),
            id="defaultns",
        ),
        pytest.param(
            {"credentials": " env:REGISTRY "},
            Registry("one", "https://one.test", credentials="env:REGISTRY"),
            id="credentials",
        ),
        pytest.param(
            {"insecure": True}, Registry("one", "https://one.test", insecure=True), id="insecure"
        ),
        pytest.param(
            {"default": True}, Registry("one", "https://one.test", is_default=True), id="default"
        ),
        pytest.param({"ping": True}, Registry("one", "https://one.test"), id="ping"),
    ],
)
def test_reads_each_key(keys: dict[str, Any], expected: Registry) -> None:
    registries = parse(entry(**keys))

    assert registries.entries == (expected,)
    assert registries.notes == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("credsexpire", "5h", id="credsexpire"),
        pytest.param("tagsortmode", "latest-first", id="tagsortmode"),
        pytest.param("ca_file", "/ca.pem", id="ca_file"),
        pytest.param("ca_data", "PEM", id="ca_data"),
        pytest.param("limit", 20, id="limit"),
    ],
)
def test_says_which_key_has_no_effect_yet(key: str, value: Any) -> None:
    assert parse(entry(**{key: value})).notes == (
        f"registries.conf: {key} of one has no effect yet",
    )


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        pytest.param(None, "write a list under the key registries", id="empty"),
        pytest.param({"registries": {}}, "write a list under the key registries", id="no-list"),
        pytest.param([entry()], "write a list under the key registries", id="list"),
        pytest.param({"registries": ["x"]}, "registries[1]: not a mapping", id="entry"),
        pytest.param(
            {"registries": [entry(), {"api_url": "https://x.test"}]},
            "registries: registry name is missing for entry 2",
            id="name-missing",
        ),
        pytest.param(
            {"registries": [{"name": 7}]},
            "registries: registry name is missing for entry 1",
            id="name-no-text",
        ),
        pytest.param(
            {"registries": [{"name": "one"}]},
            "API URL must be specified for registry one; write api_url: https://<host>",
            id="api_url-missing",
        ),
        pytest.param(
            {"registries": [entry(api_url="one.test")]},
            "registry one: api_url: not an URL: 'one.test'; write https://<host>",
            id="api_url-scheme",
        ),
        pytest.param(
            {"registries": [entry(prefx="one.test")]},
            "registry one: no key 'prefx'; did you mean 'prefix'?",
            id="unknown-hint",
        ),
        pytest.param(
            {"registries": [entry(xyzzy=1)]}, "registry one: no key 'xyzzy'", id="unknown"
        ),
        pytest.param(
            {"registries": [entry(prefix=5)]},
            "registry one: prefix: 5 is no text; put it in quotes",
            id="text",
        ),
        pytest.param(
            {"registries": [entry(insecure="yes")]},
            "registry one: insecure: 'yes' is neither true nor false",
            id="bool",
        ),
        pytest.param(
            {
                "registries": [
                    entry("one", default=True),
                    entry("two", prefix="x.test", default=True),
                ]
            },
            "cannot set registry two as default: only one can be, and one is",
            id="two-defaults",
        ),
        pytest.param(
            {"registries": [entry("one"), entry("two")]},
            "there must be only one default registry (already is one); give two a prefix",
            id="two-without-prefix",
        ),
    ],
)
def test_refuses_and_says_where(document: object, complaint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Registries.parse(document)

    assert str(caught.value) == complaint
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("id_", "document"),
    [
        pytest.param("registry_prefix-04", [entry("Foobar Registry"), entry("two")], id="04"),
        pytest.param("registry_prefix-06", [{"name": "one", "prefix": "x.test"}], id="06"),
        pytest.param(
            "registry_prefix-08",
            [entry("one", prefix="a.test", default=True), entry("two", default=True)],
            id="08",
        ),
    ],
)
def test_complains_as_argocd_image_updater(id_: str, document: list[dict[str, Any]]) -> None:
    with pytest.raises(InvalidInput, match=CASES[id_]["expect"]["error_contains"]):
        parse(*document)


@pytest.mark.parametrize(
    ("id_", "image"),
    [
        pytest.param("registry_prefix-01", "nginx", id="01"),
        pytest.param("registry_prefix-02", "foobar.com/app", id="02"),
    ],
)
def test_infers_as_argocd_image_updater(id_: str, image: str) -> None:
    found = registry_of(image)

    expected = CASES[id_]["expect"]
    assert (found.prefix, found.api_url) == (expected["prefix"], expected["api"])


CHOICES = (
    entry("hub", prefix="docker.io", defaultns="library"),
    entry("host", prefix="reg.test"),
    entry("team", prefix="reg.test/team"),
    entry("deep", prefix="reg.test/team/sub"),
    entry("port", prefix="reg.test:5000"),
)


@pytest.mark.parametrize("order", [pytest.param(o, id=f"{o}") for o in (0, 37, 64, 119)])
@pytest.mark.parametrize(
    ("image", "name"),
    [
        pytest.param("reg.test/app", "host", id="host"),
        pytest.param("reg.test/team/app", "team", id="path"),
        pytest.param("reg.test/team", "team", id="prefix-itself"),
        pytest.param("reg.test/teammate/app", "host", id="boundary"),
        pytest.param("reg.test/team/sub/app", "deep", id="longest"),
        pytest.param("reg.test/team/subway/app", "team", id="boundary-deep"),
        pytest.param("reg.test:5000/team/app", "port", id="port"),
        pytest.param("reg.test.evil.test/app", "reg.test.evil.test", id="host-boundary"),
        pytest.param("nginx", "hub", id="hub-short"),
        pytest.param("team/app", "hub", id="hub-namespace"),
        pytest.param("docker.io/team/app", "hub", id="hub-written"),
        pytest.param("index.docker.io/library/nginx", "hub", id="hub-index"),
        pytest.param("registry-1.docker.io/team/app", "hub", id="hub-api"),
    ],
)
def test_the_longest_prefix_decides_in_any_order(image: str, name: str, order: int) -> None:
    entries = list(itertools.permutations(CHOICES))[order]

    assert registry_of(image, *entries).name == name


@pytest.mark.parametrize(
    "prefix", ["docker.io", "index.docker.io", "registry-1.docker.io", "docker.io/team"]
)
@pytest.mark.parametrize("image", ["team/app", "docker.io/team/app", "index.docker.io/team/app"])
def test_docker_hub_by_any_name(prefix: str, image: str) -> None:
    assert registry_of(image, entry("hub", prefix=prefix)).name == "hub"


@pytest.mark.parametrize(
    "turned", [pytest.param(False, id="as-is"), pytest.param(True, id="turned")]
)
@pytest.mark.parametrize(
    ("entries", "name"),
    [
        pytest.param([entry("a", prefix="a.test")], "Docker Hub", id="built-in"),
        pytest.param([entry("a", prefix="a.test"), entry("b")], "b", id="no-prefix"),
        pytest.param(
            [entry("a", prefix="a.test", default=True), entry("b", prefix="b.test")],
            "a",
            id="default",
        ),
        pytest.param(
            [entry("a", prefix="a.test", default=True), entry("b")], "a", id="default-and-no-prefix"
        ),
        pytest.param(
            [entry("a", prefix="a.test", default=True), entry("b", prefix="docker.io")],
            "b",
            id="default-and-hub",
        ),
    ],
)
@pytest.mark.parametrize("image", ["nginx", "team/app"])
def test_the_default_has_what_is_on_docker_hub(
    image: str, entries: list[dict[str, Any]], name: str, *, turned: bool
) -> None:
    assert registry_of(image, *(reversed(entries) if turned else entries)).name == name


@pytest.mark.parametrize(
    ("image", "api_url"),
    [
        pytest.param("ghcr.io/o/app", "https://ghcr.io", id="host"),
        pytest.param("reg.test:5000/app", "https://reg.test:5000", id="port"),
        pytest.param("nginx", HUB_API, id="hub"),
        pytest.param("index.docker.io/nginx", HUB_API, id="hub-index"),
        pytest.param("localhost/app", "http://localhost", id="localhost"),
        pytest.param("localhost:5000/app", "http://localhost:5000", id="localhost-port"),
        pytest.param("127.0.0.1:5000/app", "http://127.0.0.1:5000", id="loopback"),
        pytest.param("127.8.9.10/app", "http://127.8.9.10", id="loopback-other"),
        pytest.param("[::1]:5000/app", "http://[::1]:5000", id="loopback-ipv6"),
        pytest.param("localhost.evil.test/app", "https://localhost.evil.test", id="no-localhost"),
        pytest.param("127.0.0.1.evil.test/app", "https://127.0.0.1.evil.test", id="no-loopback"),
        pytest.param("127.evil.test/app", "https://127.evil.test", id="no-loopback-label"),
    ],
)
def test_infers_what_is_not_configured(image: str, api_url: str) -> None:
    assert registry_of(image).api_url == api_url


@pytest.mark.parametrize(
    ("image", "namespace", "path"),
    [
        pytest.param("reg.test/app", "", "app", id="none"),
        pytest.param("reg.test/app", "team", "team/app", id="one-component"),
        pytest.param("reg.test/other/app", "team", "other/app", id="two-components"),
        pytest.param("nginx", "library", "library/nginx", id="hub"),
    ],
)
def test_the_default_namespace(image: str, namespace: str, path: str) -> None:
    registry = parse(entry(prefix="reg.test", defaultns=namespace)).entries[0]

    assert registry.path(Repository.parse(image)) == path


def test_no_file_means_no_entries() -> None:
    assert read_registries("") == Registries()


def test_reads_a_file_as_users_have_it(tmp_path: Path) -> None:
    file = tmp_path / "registries.conf"
    file.write_text(
        "registries:\n"
        "- name: Docker Hub\n"
        "  prefix: docker.io\n"
        "  api_url: https://registry-1.docker.io\n"
        "  credentials: env:HUB\n"
        "  defaultns: library\n"
        "  default: true\n"
    )

    (found,) = read_registries(str(file)).entries

    assert found == Registry(
        "Docker Hub", HUB_API, "docker.io", "library", "env:HUB", is_default=True
    )


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"registries: [", "not YAML: while parsing a flow", id="yaml"),
        pytest.param(b"registries: \xff", "not YAML: 'utf-8' codec", id="utf-8"),
        pytest.param(b"registries: [{name: 2026-02-30}]", "not YAML: day is out", id="no-such-day"),
        pytest.param(b"[" * 5000, "not YAML: maximum recursion depth", id="deep"),
        pytest.param(b"", "write a list under the key registries", id="empty"),
        pytest.param(b"registries: [{name: a}]", "API URL must be specified", id="content"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "registries.conf"
    file.write_bytes(content)

    with pytest.raises(InvalidInput) as caught:
        read_registries(str(file))

    assert str(caught.value).startswith(f"{file}: {complaint}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="nowhere: cannot be read: No such file"):
        read_registries(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("keys", "image", "path"),
    [
        pytest.param({"default": True}, "myapp", "myapp", id="default"),
        pytest.param({"defaultns": "team"}, "myapp", "team/myapp", id="default-namespace"),
        pytest.param({"default": True}, "library/myapp", "library/myapp", id="written-so"),
        pytest.param({"default": True}, "team/myapp", "team/myapp", id="two-components"),
        pytest.param({"prefix": "docker.io"}, "nginx", "library/nginx", id="docker-hub"),
        pytest.param(
            {"prefix": "docker.io", "defaultns": "mine"}, "nginx", "mine/nginx", id="docker-hub-ns"
        ),
    ],
)
def test_a_name_of_one_component_is_in_library_on_docker_hub_only(
    keys: dict[str, object], image: str, path: str
) -> None:
    entry = {"name": "one", "api_url": "https://registry.test", **keys}
    repository = Repository.parse(image)

    assert Registries.parse({"registries": [entry]}).of(repository).path(repository) == path


@pytest.mark.parametrize(
    "url", ["https://robot:S3CRET@registry.test", "robot:S3CRET@registry.test"]
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Registries.parse({"registries": [{"name": "one", "api_url": url, "prefix": "r.test"}]})

    assert "S3CRET" not in str(caught.value)
    assert "credentials: env:<VARIABLE>" in str(caught.value)


def test_two_entries_for_one_place_are_refused() -> None:
    entries = [
        {"name": "one", "api_url": "https://a.test", "prefix": "docker.io"},
        {"name": "two", "api_url": "https://b.test", "prefix": "index.docker.io"},
    ]

    with pytest.raises(InvalidInput, match="one and two have the same prefix"):
        Registries.parse({"registries": entries})
