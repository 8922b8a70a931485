"""``registries.conf``: every key, every complaint, and which registry an image belongs to."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cmp.core.image import Repository
from cmp.errors import InvalidInput
from cmp.registry.configuration import Registries, Registry, ScanAs
from cmp.registry.registries_file import read_registries, registries_from_text
from tests.support.cli import PROJECT

HUB_API = "https://registry-1.docker.io"
CASES = {
    case["id"]: case
    for case in json.loads((PROJECT / "tests" / "cases" / "image-updater.json").read_text())[
        "cases"
    ]["registry_prefix"]
}

# Of nobody, and without a use: its key is gone.
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUYt9lCeHvlYfY+f67M59aS+zf2+owCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFdGVzdHMwIBcNMjYxMTI1MDExMDM5WhgPMjEyNjExMDEwMTEw
MzlaMBAxDjAMBgNVBAMMBXRlc3RzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
JpnJqGFADczwQkzj1KgLvnVtLQE6g4FZRlCo+NL1Ya9a2FHjimxwvJl+YIuLPnam
bXNoaXy6YCR7WII96aGW86NTMFEwHQYDVR0OBBYEFF4ogBu3jjAUIm2uaeVanSfr
rXsWMB8GA1UdIwQYMBaAFF4ogBu3jjAUIm2uaeVanSfrrXsWMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgJR+4mxRro2WB6A51mWm1B681g+/Py2t+
k03idIZGDUwCIQCTYYTYqXGflobd4JTT6vfB8sOzKfVFPQ+Er5phY90dEA==
-----END CERTIFICATE-----
"""
OTHER_CERTIFICATE = CERTIFICATE.replace(" CERT", " X509 CERT")
KEY = "-----BEGIN PRIVATE KEY-----\nS3CRET\n-----END PRIVATE KEY-----\n"
FILES = {
    "/ca.pem": CERTIFICATE,
    "/other.pem": f"of nobody \ufffd\n{KEY}{OTHER_CERTIFICATE}",
    "/key.pem": KEY,
}


def read(path: str) -> str:
    """Return a file's content, as what reads `ca_file` does."""
    if path not in FILES:
        raise InvalidInput("cannot be read: No such file or directory")
    return FILES[path]


def entry(name: str = "one", **keys: Any) -> dict[str, Any]:
    return {"name": name, "api_url": f"https://{name}.test", **keys}


def parse(*entries: Any) -> Registries:
    return Registries.parse({"registries": list(entries)}, read=read)


def mirror(name: str = "mirror", /, **keys: Any) -> dict[str, Any]:
    return {"name": name, "prefix": "mirror.test/hub", "scan_as": "docker.io", **keys}


def registry_of(image: str, *entries: Any) -> Registry:
    return parse(*entries).locate(Repository.parse(image))[0]


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
        pytest.param({"ping": None}, Registry("one", "https://one.test"), id="ping-null"),
        pytest.param({"limit": 20}, Registry("one", "https://one.test", limit=20), id="limit"),
        pytest.param({"limit": 0}, Registry("one", "https://one.test"), id="limit-none"),
        pytest.param({"limit": None}, Registry("one", "https://one.test"), id="limit-null"),
        pytest.param(
            {"credsexpire": "1h30m"},
            Registry("one", "https://one.test", credentials_valid_s=5400),
            id="credsexpire",
        ),
        pytest.param({"credsexpire": "0s"}, Registry("one", "https://one.test"), id="never"),
        pytest.param({"credsexpire": 0}, Registry("one", "https://one.test"), id="never-number"),
        pytest.param({"credsexpire": ""}, Registry("one", "https://one.test"), id="never-empty"),
        pytest.param(
            {"tagsortmode": "latest-first"},
            Registry("one", "https://one.test", tag_order="latest-first"),
            id="latest-first",
        ),
        pytest.param(
            {"tagsortmode": "Latest-Last"},
            Registry("one", "https://one.test", tag_order="latest-last"),
            id="latest-last",
        ),
        pytest.param({"tagsortmode": "none"}, Registry("one", "https://one.test"), id="unsorted"),
        pytest.param({"tagsortmode": ""}, Registry("one", "https://one.test"), id="unsorted-empty"),
        pytest.param(
            {"ca_data": f"\n{CERTIFICATE}"},
            Registry("one", "https://one.test", ca=CERTIFICATE),
            id="ca_data",
        ),
        pytest.param(
            {"ca_file": "/ca.pem"},
            Registry("one", "https://one.test", ca=CERTIFICATE),
            id="ca_file",
        ),
        pytest.param(
            {"ca_file": "/other.pem", "ca_data": CERTIFICATE},
            Registry("one", "https://one.test", ca=CERTIFICATE + OTHER_CERTIFICATE),
            id="ca-both-without-what-is-around",
        ),
        pytest.param(
            {"plain_http": True, "api_url": "one.test:5000/"},
            Registry("one", "http://one.test:5000"),
            id="plain_http",
        ),
        pytest.param(
            {"plain_http": True, "api_url": "http://one.test/base"},
            Registry("one", "http://one.test/base"),
            id="plain_http-scheme",
        ),
    ],
)
def test_reads_each_key(keys: dict[str, Any], expected: Registry) -> None:
    registries = parse(entry(**keys))

    assert registries.entries == (expected,)
    assert registries.notes == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("ca_file", "/nowhere.pem", id="ca_file"),
        pytest.param("ca_data", "no PEM", id="ca_data"),
    ],
)
def test_insecure_needs_no_certificates_and_says_so(key: str, value: str) -> None:
    registries = parse(entry(insecure=True, **{key: value}))

    assert registries.entries == (Registry("one", "https://one.test", insecure=True),)
    assert registries.notes == (
        f"registries.conf: {key} of one has no effect: with insecure no certificate is verified",
    )


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        pytest.param(None, "write a list under the key registries", id="empty"),
        pytest.param({"registries": {}}, "write a list under the key registries", id="no-list"),
        pytest.param([entry()], "write a list under the key registries", id="list"),
        pytest.param(
            {"registry": []}, "no key 'registry'; did you mean 'registries'?", id="top-level"
        ),
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
        *(
            pytest.param(
                {"registries": [entry(api_url=url, plain_http=plain)]},
                f"registry one: api_url: not an URL: {url!r}; write {form}",
                id=f"api_url-{id_}",
            )
            for url, plain, form, id_ in [
                ("https://", False, "https://<host>", "host"),
                ("https://one.test/?x", False, "https://<host>", "query"),
                ("https://one test", False, "https://<host>", "space"),
                ("ftp://one.test", True, "http://<host>", "plain-ftp"),
                ("/v2", True, "http://<host>", "plain-host"),
            ]
        ),
        pytest.param(
            {"registries": [entry(plain_http=True)]},
            "registry one: api_url: https:// and plain_http exclude each other; "
            "remove plain_http, or write http://<host>",
            id="plain_http-https",
        ),
        *(
            pytest.param(
                {"registries": [entry(limit=limit)]},
                f"registry one: limit: {limit!r} is no number of requests a second; "
                "write 10, or 0 for no limit",
                id=f"limit-{limit}",
            )
            for limit in (-1, 1.5, True, "10")
        ),
        pytest.param(
            {"registries": [entry(credsexpire="5 h")]},
            "registry one: credsexpire: not a duration: '5 h'; write 90s, 2m, 1h30m or 3d",
            id="credsexpire",
        ),
        pytest.param(
            {"registries": [entry(credsexpire=5)]},
            "registry one: credsexpire: 5 is no text; put it in quotes",
            id="credsexpire-unit",
        ),
        pytest.param(
            {"registries": [entry(credsexpire=False)]},
            "registry one: credsexpire: False is no text; put it in quotes",
            id="credsexpire-bool",
        ),
        pytest.param(
            {"registries": [entry(tagsortmode="latest-fist")]},
            "unknown tag sort mode for registry one: 'latest-fist'; "
            "use one of: latest-first, latest-last, none; did you mean 'latest-first'?",
            id="tagsortmode",
        ),
        pytest.param(
            {"registries": [entry(ca_file="/nowhere.pem")]},
            "registry one: ca_file: /nowhere.pem: cannot be read: No such file or directory",
            id="ca_file-missing",
        ),
        pytest.param(
            {"registries": [entry(ca_file="/key.pem")]},
            "registry one: ca_file: /key.pem: no certificate in PEM; "
            "it begins with the line -----BEGIN CERTIFICATE-----",
            id="ca_file-key",
        ),
        pytest.param(
            {"registries": [entry(ca_data=CERTIFICATE + CERTIFICATE[:99])]},
            "registry one: ca_data: a certificate has no line -----END CERTIFICATE-----; "
            "copy it whole",
            id="ca_data-cut",
        ),
        *(
            pytest.param(
                {"registries": [entry(ca_data=CERTIFICATE + bad)]},
                "registry one: ca_data: certificate 2 of 2 is not PEM; copy it whole, line by line",
                id=f"ca_data-{id_}",
            )
            for id_, bad in [
                ("letter", CERTIFICATE.replace("MII", "MI")),
                ("folded", CERTIFICATE.replace("\n", " ")),
                ("not-ascii", CERTIFICATE.replace("MII", "M\u0130I")),
            ]
        ),
        *(
            pytest.param(
                {"registries": [entry(prefix=prefix)]},
                f"registry one: prefix: not where images are: {prefix!r}; "
                "write <host>[/<path>], whole parts of a path, "
                "and docker.io/<name> for a name on Docker Hub",
                id=f"prefix-{id_}",
            )
            for id_, prefix in [
                ("part", "ghcr.io/team-"),
                ("no-host", "team"),
                ("upper", "ghcr.io/Team"),
                ("space", "ghcr.io/a b"),
                ("twice", "ghcr.io//team"),
                ("slash", "/"),
            ]
        ),
        pytest.param(
            {"registries": [mirror(prefix="")]},
            "registry mirror: prefix: scan_as needs the place that it stands for; "
            "write prefix: <host>[/<path>]",
            id="scan_as-prefix",
        ),
        *(
            pytest.param(
                {"registries": [mirror(**{key: value})]},
                f"registry mirror: {key}: scan_as asks another registry, as the entry for that "
                "one says; write this key there, or remove scan_as",
                id=f"scan_as-{key}",
            )
            for key, value in [
                ("api_url", "https://mirror.test"),
                ("credentials", "env:X"),
                ("default", True),
                ("limit", 5),
            ]
        ),
        pytest.param(
            {"registries": [mirror(scan_as="hub")]},
            "registry mirror: scan_as: not where images are: 'hub'; write <host>[/<path>], "
            "whole parts of a path, and docker.io/<name> for a name on Docker Hub",
            id="scan_as-host",
        ),
        pytest.param(
            {
                "registries": [
                    mirror("a"),
                    mirror("b", prefix="b.test", scan_as="mirror.test/hub/library"),
                ]
            },
            "registry b: scan_as: mirror.test/hub/library leads to registry a, which has scan_as "
            "itself (mirror.test/hub as docker.io), and b may take one step only; "
            "write the place where images are listed",
            id="scan_as-twice",
        ),
        pytest.param(
            {"registries": [mirror("a"), mirror("b", prefix="b.test", scan_as="mirror.test")]},
            "registry b: scan_as: mirror.test leads to registry a, which has scan_as "
            "itself (mirror.test/hub as docker.io), and b may take one step only; "
            "write the place where images are listed",
            id="scan_as-twice-for-some",
        ),
        pytest.param(
            {
                "registries": [
                    mirror("a", prefix="a.test", scan_as="b.test"),
                    mirror("b", prefix="b.test", scan_as="a.test"),
                ]
            },
            "registry a: scan_as: b.test leads to registry b, which has scan_as itself "
            "(b.test as a.test), and a may take one step only; "
            "write the place where images are listed",
            id="scan_as-circle",
        ),
        *(
            pytest.param(
                {"registries": [mirror(scan_as=target)]},
                f"registry mirror: scan_as: {target} and its own prefix mirror.test/hub are not "
                "apart, so it leads back to mirror; write a place outside",
                id=f"scan_as-itself-{id_}",
            )
            for id_, target in [
                ("same", "mirror.test/hub"),
                ("around", "mirror.test"),
                ("within", "mirror.test/hub/x"),
            ]
        ),
        pytest.param(
            {"registries": [entry(prefix="docker.io"), mirror(prefix="index.docker.io")]},
            "one and mirror have the same prefix 'docker.io'; remove one",
            id="scan_as-same-prefix",
        ),
        pytest.param(
            {"registries": [entry(prefix="a.test"), entry(prefix="a.test")]},
            "one and one have the same prefix 'a.test'; remove one",
            id="same-name-and-prefix",
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
        Registries.parse(document, read=read)

    assert str(caught.value) == complaint
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("id_", "document"),
    [
        pytest.param(
            "registry_prefix-04",
            [entry("Foobar Registry", api_url="https://foobar.test"), entry("two")],
            id="04",
        ),
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


@pytest.mark.parametrize(
    ("entries", "limit"),
    [
        pytest.param([], 10, id="built-in"),
        pytest.param([entry(prefix="docker.io", api_url=HUB_API)], 10, id="configured"),
        pytest.param([entry(api_url=f"{HUB_API}/")], 10, id="without-prefix"),
        pytest.param([entry(prefix="docker.io", api_url=HUB_API, limit=3)], 3, id="limit"),
        pytest.param([entry(prefix="docker.io", api_url=HUB_API, limit=0)], 0, id="no-limit"),
        pytest.param([entry(prefix="docker.io")], 0, id="its-mirror"),
        pytest.param([mirror(prefix="docker.io", scan_as="hub.test")], 0, id="elsewhere"),
    ],
)
def test_docker_hub_is_asked_slowly(entries: list[dict[str, Any]], limit: int) -> None:
    assert registry_of("nginx", *entries).limit == limit


def test_what_is_not_configured_has_no_limit() -> None:
    assert registry_of("ghcr.io/o/app").limit == 0


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


PLACES = ["reg.test", "reg.test:5000", "mirror.test", "docker.io", "index.docker.io", "ghcr.io"]
PATHS = ["", "/team", "/team/sub", "/library", "/hub", "/teammate"]


@st.composite
def configurations(draw: st.DrawFn) -> tuple[Sequence[dict[str, Any]], Sequence[int]]:
    """Draw entries that can stand together or not, and another order of them."""
    places = st.builds("{}{}".format, st.sampled_from(PLACES), st.sampled_from(PATHS))
    kinds = st.one_of(
        st.builds(lambda prefix: {"prefix": prefix}, places),
        st.builds(lambda prefix, scan_as: {"prefix": prefix, "scan_as": scan_as}, places, places),
        st.just({"default": True}),
        st.just({}),
    )
    entries = [
        {"name": f"{number}", **kind}
        if "scan_as" in kind
        else {**entry(f"r{number}", limit=number), **kind}
        for number, kind in enumerate(draw(st.lists(kinds, max_size=5)))
    ]
    return entries, draw(st.permutations(range(len(entries))))


@given(
    configurations(),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", *(f"{host}/" for host in PLACES)]),
        st.sampled_from(["", "team/", "team/sub/", "library/", "hub/", "teammate/"]),
        st.sampled_from(["app", "team"]),
    ),
)
def test_the_order_of_entries_decides_nothing(
    configuration: tuple[Sequence[dict[str, Any]], Sequence[int]], image: str
) -> None:
    entries, order = configuration
    repository = Repository.parse(image)

    def located(entries: Sequence[dict[str, Any]]) -> object:
        try:
            registries = parse(*entries)
        except InvalidInput:
            return "refused"
        try:
            return registries.locate(repository)
        except InvalidInput as error:
            return str(error)

    assert located([entries[index] for index in order]) == located(entries)


@pytest.mark.parametrize(
    "prefix",
    [
        "docker.io",
        "index.docker.io",
        "registry-1.docker.io",
        "https://index.docker.io/v1/",
        "https://registry-1.docker.io/v2",
        "docker.io/team",
        "https://index.docker.io/v1/team/",
    ],
)
@pytest.mark.parametrize("image", ["team/app", "docker.io/team/app", "index.docker.io/team/app"])
def test_docker_hub_by_any_name(prefix: str, image: str) -> None:
    assert registry_of(image, entry("hub", prefix=prefix)).name == "hub"


@pytest.mark.parametrize("prefix", ["docker.io/library", "index.docker.io/library/"])
@pytest.mark.parametrize("image", ["nginx", "library/nginx", "docker.io/nginx"])
def test_library_by_any_name(prefix: str, image: str) -> None:
    registries = parse(entry("official", prefix=prefix), entry("hub", prefix="docker.io"))

    registry, path = registries.locate(Repository.parse(image))

    assert (registry.name, path) == ("official", "library/nginx")
    assert registries.locate(Repository.parse("team/app"))[0].name == "hub"


@pytest.mark.parametrize("prefix", ["https://ghcr.io", "ghcr.io/", " ghcr.io "])
def test_a_prefix_has_one_spelling(prefix: str) -> None:
    (found,) = parse(entry(prefix=prefix)).entries

    assert found.prefix == "ghcr.io"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_only_on_docker_hub_is_a_version_no_path(version: str) -> None:
    (found,) = parse(entry(prefix=f"ghcr.io/{version}")).entries

    assert found.prefix == f"ghcr.io/{version}"


HUB = entry("hub", prefix="docker.io", credentials="env:HUB")


@pytest.mark.parametrize(
    "turned", [pytest.param(False, id="as-is"), pytest.param(True, id="turned")]
)
@pytest.mark.parametrize(
    ("image", "entries", "name", "path"),
    [
        pytest.param("mirror.test/hub/library/nginx", [HUB], "hub", "library/nginx", id="library"),
        pytest.param("mirror.test/hub/nginx", [HUB], "hub", "library/nginx", id="one-component"),
        pytest.param("mirror.test/hub/team/app", [HUB], "hub", "team/app", id="two-components"),
        pytest.param("nginx", [HUB], "hub", "library/nginx", id="itself"),
        pytest.param("mirror.test/hub/nginx", [], "Docker Hub", "library/nginx", id="built-in"),
        pytest.param(
            "mirror.test/hub/team/app",
            [entry("any", default=True)],
            "any",
            "team/app",
            id="default",
        ),
        pytest.param(
            "mirror.test/hub/app",
            [entry("any", defaultns="mine")],
            "any",
            "mine/app",
            id="default-namespace",
        ),
        pytest.param("mirror.test/hubble/app", [HUB], "mirror.test", "hubble/app", id="boundary"),
        pytest.param(
            "mirror.test/other/app",
            [entry("rest", prefix="mirror.test")],
            "rest",
            "other/app",
            id="beside",
        ),
        pytest.param(
            "mirror.test/hub/own/app",
            [entry("own", prefix="mirror.test/hub/own")],
            "own",
            "hub/own/app",
            id="longer-prefix",
        ),
        pytest.param(
            "mirror.test/hub/team/app",
            [HUB, entry("team", prefix="docker.io/team")],
            "team",
            "team/app",
            id="longest-there",
        ),
        pytest.param(
            "gh.test/app",
            [mirror("gh", prefix="gh.test", scan_as="ghcr.io/team")],
            "ghcr.io",
            "team/app",
            id="path",
        ),
        pytest.param(
            "gh.test/app",
            [mirror("gh", prefix="gh.test/app", scan_as="ghcr.io/team/tool")],
            "ghcr.io",
            "team/tool",
            id="one-image",
        ),
        pytest.param(
            "gh.test/app",
            [
                mirror("gh", prefix="gh.test", scan_as="gh.test/real"),
                entry("real", prefix="gh.test/real"),
            ],
            "real",
            "real/app",
            id="within-its-own-but-asked",
        ),
    ],
)
def test_an_image_is_listed_elsewhere(
    image: str, entries: list[dict[str, Any]], name: str, path: str, *, turned: bool
) -> None:
    listed = [mirror(), *entries]
    registries = parse(*(reversed(listed) if turned else listed))

    registry, found = registries.locate(Repository.parse(image))

    assert (registry.name, found) == (name, path)
    assert registry.credentials == ("env:HUB" if name == "hub" else "")


@pytest.mark.parametrize(
    "scan_as",
    ["docker.io", "index.docker.io", "https://index.docker.io/v1/", "registry-1.docker.io/library"],
)
def test_docker_hub_by_any_name_elsewhere(scan_as: str) -> None:
    registries = parse(mirror(scan_as=scan_as), HUB)

    registry, path = registries.locate(Repository.parse("mirror.test/hub/nginx"))

    assert (registry.name, path) == ("hub", "library/nginx")


def test_an_entry_that_is_not_asked_is_none_of_the_registries() -> None:
    registries = parse(mirror(ping=True, insecure=False), HUB)

    assert [found.name for found in registries.entries] == ["hub"]
    assert registries.listed_elsewhere == (ScanAs("mirror", "mirror.test/hub", "docker.io"),)


def test_the_prefix_itself_is_no_image_elsewhere() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(mirror()).locate(Repository.parse("mirror.test/hub"))

    assert str(caught.value) == (
        "mirror.test/hub is the prefix of registry mirror and no image under it, "
        "so scan_as: docker.io names none; write its path behind the prefix"
    )


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
        "Docker Hub", HUB_API, "docker.io", "library", "env:HUB", is_default=True, limit=10
    )


@pytest.mark.parametrize("relative", [True, False], ids=["beside", "absolute"])
def test_reads_the_certificates_beside_the_file(tmp_path: Path, *, relative: bool) -> None:
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "ca.pem").write_bytes(b"of \xff\n" + CERTIFICATE.encode())
    ca_file = "tls/ca.pem" if relative else str(tmp_path / "tls" / "ca.pem")
    file = tmp_path / "registries.conf"
    file.write_text(yaml.safe_dump({"registries": [entry(ca_file=ca_file)]}))

    (found,) = read_registries(str(file)).entries

    assert found.ca == CERTIFICATE


@pytest.mark.parametrize(
    ("ca_file", "complaint"),
    [
        pytest.param("nowhere", "cannot be read: No such file or directory", id="missing"),
        pytest.param("/", "cannot be read: Is a directory", id="directory"),
        pytest.param("a\0b", "cannot be read: embedded null byte", id="nul"),
    ],
)
def test_certificates_that_cannot_be_read(tmp_path: Path, ca_file: str, complaint: str) -> None:
    text = json.dumps({"registries": [entry(ca_file=ca_file)]})

    with pytest.raises(InvalidInput) as caught:
        registries_from_text(text, where="ConfigMap x", folder=str(tmp_path))

    assert str(caught.value) == f"ConfigMap x: registry one: ca_file: {ca_file}: {complaint}"


def test_reads_text_that_is_in_no_file() -> None:
    text = "registries: [{name: one, api_url: https://one.test}]"

    registries = registries_from_text(text, where="ConfigMap x")

    assert registries == parse(entry())


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


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("registries:\n- name: one\n  credentials: robot:S3CRET: x", id="yaml"),
        pytest.param("registries: [{name: one, credentials: {robot: S3CRET}}]", id="mapping"),
        pytest.param("registries: [{name: one, api_url: [x@S3CRET]}]", id="list"),
        pytest.param(
            "registries: [{name: o, prefix: 'u:S3CRET@x.test', scan_as: y.z}]", id="place"
        ),
        pytest.param("registries: [{name: one, ca_data: [S3CRET]}]", id="pem"),
    ],
)
def test_what_may_be_a_secret_is_not_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        registries_from_text(text, where="x")

    assert "S3CRET" not in str(caught.value)


def test_a_value_does_not_show_its_credentials() -> None:
    registries = parse(entry(credentials="S3CRET", ca_data=CERTIFICATE))

    assert "S3CRET" not in repr(registries)
    assert "BEGIN" not in repr(registries)


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

    assert parse(entry).locate(repository)[1] == path


@pytest.mark.parametrize(
    "url", ["https://robot:S3CRET@registry.test", "robot:S3CRET@registry.test"]
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse({"name": "one", "api_url": url, "prefix": "r.test"})

    assert "S3CRET" not in str(caught.value)
    assert "credentials: env:<VARIABLE>" in str(caught.value)


def test_two_entries_for_one_place_are_refused() -> None:
    entries = [
        {"name": "one", "api_url": "https://a.test", "prefix": "docker.io"},
        {"name": "two", "api_url": "https://b.test", "prefix": "index.docker.io"},
    ]

    with pytest.raises(InvalidInput, match="one and two have the same prefix"):
        parse(*entries)
