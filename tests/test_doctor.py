"""``doctor`` as a process: what an operator is told of a registry, and to do next."""

import base64
import time
import uuid
from collections.abc import Iterator, Mapping
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.documents.blocks import blocks, is_as_written, session
from tests.support import faults, images
from tests.support.cli import cmp
from tests.support.faults import Fault, FaultyRegistry
from tests.support.registry import RegistryServer, Tls
from tests.support.token_server import Authority, TokenServer

pytestmark = pytest.mark.tools

USER, PASSWORD = "robot", "s3cret-Pa55"
PAIR = f"{USER}:{PASSWORD}"
_HOUR_S = 3600
_UNKNOWN_HOST = "no-such-host.invalid"  # RFC 6761, 6.4: it never is one


class Told(NamedTuple):
    """What it said."""

    status: int
    output: str

    def lines(self, label: str) -> list[str]:
        """Return the texts of all lines with a label."""
        lines = self.output.splitlines()
        return [line[13:] for line in lines if line[:12].strip() == label]

    def line(self, label: str) -> str:
        (text,) = self.lines(label)
        return text


class Doctor:
    """Calls the command, and searches what it says for secrets."""

    def __init__(self, folder: Path) -> None:
        self.secrets = [PASSWORD, base64.b64encode(PAIR.encode()).decode()]
        self._folder = folder

    def __call__(
        self,
        image: str,
        *arguments: str,
        entries: list[dict[str, Any]] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Told:
        """Call it with ``entries`` of registries.conf, if there is one."""
        if entries is not None:
            file = self._folder / "registries.conf"
            file.write_text(yaml.safe_dump({"registries": entries}))
            arguments = (*arguments, "--registries", str(file))
        done = cmp(
            "doctor", image, *arguments, cwd=self._folder, env={"CREDENTIALS": PAIR, **(env or {})}
        )
        output = done.stdout + done.stderr
        assert "Traceback" not in output
        for secret in self.secrets:
            assert secret not in output
        return Told(done.returncode, output)


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    return Doctor(tmp_path)


@pytest.fixture(scope="module")
def path(registry: RegistryServer) -> str:
    """Return the path of a repository with two images and a chart."""
    path = f"t{uuid.uuid4().hex[:10]}/app"
    for tag in ("1.0.0", "1.1.0"):
        images.push_image(registry.url, path, tag, salt=tag)
    images.push_artifact(registry.url, path, "2.0.0")
    return path


@pytest.fixture
def faulty(registry: RegistryServer) -> Iterator[FaultyRegistry]:
    with FaultyRegistry(registry.url) as server:
        yield server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


class Private(NamedTuple):
    """A registry with TLS of a private authority, and the tokens it wants."""

    server: RegistryServer
    tokens: TokenServer
    ca_file: str

    def entry(self, **keys: str) -> dict[str, Any]:
        """Return its entry of registries.conf."""
        api_url = self.server.url
        return {**entry(self.server.host, api_url), "ca_file": self.ca_file, **keys}


@pytest.fixture(scope="module")
def private(
    authority: Authority,
    registry: RegistryServer,
    registry_binary: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Private]:
    with (
        TokenServer(
            authority, {USER: PASSWORD}, may_pull=lambda _, name: not name.endswith("/forbidden")
        ) as tokens,
        RegistryServer(
            binary=registry_binary,
            root=tmp_path_factory.mktemp("private"),
            token=tokens.for_registry,
            tls=Tls(authority.server("private"), authority.file),
            content=registry.content,
        ) as server,
    ):
        yield Private(server, tokens, str(authority.file))


def entry(prefix: str, api_url: str, **keys: Any) -> dict[str, Any]:
    return {"name": "ours", "prefix": prefix, "api_url": api_url, **keys}


# --- all is well


def test_all_is_well(doctor: Doctor, registry: RegistryServer, path: str) -> None:
    told = doctor(f"{registry.host}/{path}")

    assert told.status == 0
    assert told.line("image") == f"{registry.host}/{path}"
    assert told.line("registry") == f"{registry.host}: no entry of registries.conf is for it"
    assert told.line("asked at") == f"{registry.url}/v2/{path}"
    assert told.line("request").startswith(f"GET  {registry.url}/v2/{path}/tags/list  200  ")
    assert told.line("request").endswith(" ms")
    assert told.line("listed") == "3 tags on 1 page, without entity tags"
    assert told.line("clock").startswith("the registry's is ")
    assert told.line("result") == "all is well"
    assert not told.lines("next")


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        pytest.param("1.1.0", "", id="image"),
        pytest.param("2.0.0", ", no image but an artifact: it is never chosen", id="chart"),
    ],
)
def test_a_tag(doctor: Doctor, registry: RegistryServer, path: str, tag: str, kind: str) -> None:
    digest = images.retag(registry.url, path, tag, tag)

    told = doctor(f"{registry.host}/{path}:{tag}")

    assert told.status == 0
    assert told.line("tag") == f"{tag} names {digest}{kind}"
    assert told.line("result") == "all is well"


def test_a_digest(doctor: Doctor, registry: RegistryServer, path: str) -> None:
    digest = images.retag(registry.url, path, "1.1.0", "1.1.0")

    told = doctor(f"{registry.host}/{path}@{digest}")

    assert told.status == 0
    assert told.line("tag") == f"{digest} names {digest}"


def test_an_entry_of_an_image_list(doctor: Doctor, registry: RegistryServer, path: str) -> None:
    told = doctor(f"app={registry.host}/{path}:^1")

    assert told.status == 0
    assert told.line("image") == f"{registry.host}/{path}"
    assert not told.lines("tag")


def test_tokens_of_a_private_registry(doctor: Doctor, private: Private, path: str) -> None:
    image = f"{private.server.host}/{path}:1.1.0"

    told = doctor(image, entries=[private.entry(credentials="env:CREDENTIALS")])

    assert told.status == 0
    assert told.line("trusts") == "the system's authorities, and those of ca_file and ca_data"
    assert "  401  " in told.line("request")
    assert told.line("challenge") == (
        f'Bearer realm="{private.tokens.realm}",service="registry of the tests",'
        f'scope="repository:{path}:pull"'
    )
    assert [line.partition("  200  ")[0] for line in told.lines("")][:2] == [
        f"GET  {private.tokens.realm}",
        f"GET  {private.server.url}/v2/{path}/tags/list",
    ]
    assert private.tokens.issued[-1] not in told.output


# --- no answer


def test_an_unknown_host(doctor: Doctor) -> None:
    told = doctor(f"{_UNKNOWN_HOST}/team/app")

    assert told.status == 1
    assert told.line("request").startswith(
        f"GET  https://{_UNKNOWN_HOST}/v2/team/app/tags/list  no"
    )
    assert told.line("next").startswith(f"check the host in https://{_UNKNOWN_HOST}/v2/team/app/")
    assert told.line("next").endswith("no such host is known here")


def test_nobody_listens(doctor: Doctor) -> None:
    told = doctor("127.0.0.1:1/team/app")

    assert told.status == 1
    assert "Connection refused" in told.line("failed")
    assert told.line("next").startswith("check host and port in http://127.0.0.1:1/v2/team/app/")
    assert not told.lines("clock")


@pytest.mark.parametrize(
    ("ca", "hint"),
    [
        pytest.param("", "", id="none"),
        pytest.param("other", "the one that is given did not sign it; ", id="another"),
    ],
)
def test_the_private_authority_is_not_trusted(
    doctor: Doctor, private: Private, path: str, tmp_path: Path, *, ca: str, hint: str
) -> None:
    ca_file = str(Authority(tmp_path / ca).file) if ca else ""

    told = doctor(f"{private.server.host}/{path}", entries=[private.entry(ca_file=ca_file)])

    assert told.status == 1
    assert "CERTIFICATE_VERIFY_FAILED" in told.line("failed")
    assert told.line("next") == (
        "write ca_file: or ca_data: in the entry ours of registries.conf, with the certificate of "
        f"the authority that signed the registry's; {hint}insecure: true would trust anybody"
    )


def test_plain_http_where_tls_is_spoken_to(
    doctor: Doctor, registry: RegistryServer, path: str
) -> None:
    told = doctor(
        f"{registry.host}/{path}", entries=[entry(registry.host, f"https://{registry.host}")]
    )

    assert told.status == 1
    assert told.line("next") == (
        f"write api_url: http://{registry.host} in the entry ours of registries.conf: "
        "it does not speak TLS"
    )


def test_tls_where_plain_http_is_spoken_to(doctor: Doctor, private: Private, path: str) -> None:
    told = doctor(f"{private.server.host}/{path}")

    assert told.status == 1
    assert told.line("next") == (
        f"if it speaks TLS, write api_url: https://{private.server.host} in a new entry of "
        f"registries.conf, with name: and prefix: {private.server.host}"
    )


# --- another answer


@pytest.mark.parametrize(
    ("fault", "failed", "step"),
    [
        pytest.param(
            faults.failing(403),
            "HTTP 403 Forbidden without credentials",
            "write credentials: in the entry ours of registries.conf, or give the image a",
            id="403",
        ),
        pytest.param(
            faults.failing(404),
            "HTTP 404 Not Found",
            "check the image's name: its registry has no such repository, as many say of a private",
            id="404",
        ),
        pytest.param(
            faults.failing(429, Retry_After="120"),
            "HTTP 429 Too Many Requests; it wants to be left alone for",
            "write limit: <requests a second> in the entry ours of registries.conf",
            id="429",
        ),
        pytest.param(
            faults.failing(500),
            "HTTP 500 Internal Server Error",
            "nothing here: the registry itself fails",
            id="500",
        ),
        pytest.param(
            faults.saying(b"<!doctype html><title>Sign in</title>"),
            "the answer is not JSON",
            "check api_url http://127.0.0.1:",
            id="no-registry",
        ),
        pytest.param(
            faults.saying(b'{"name": "somebody/else", "tags": []}'),
            "it lists 'somebody/else', not",
            "check api_url http://127.0.0.1:",
            id="another-repository",
        ),
    ],
)
def test_another_answer(
    doctor: Doctor, faulty: FaultyRegistry, path: str, *, fault: Fault, failed: str, step: str
) -> None:
    faulty.on("GET", "/tags/list", fault)

    told = doctor(f"{faulty.host}/{path}", entries=[entry(faulty.host, faulty.url)])

    assert told.status == 1
    assert failed in told.line("failed")
    assert told.line("next").startswith(step)


def test_a_tag_that_is_not_there(doctor: Doctor, registry: RegistryServer, path: str) -> None:
    told = doctor(f"{registry.host}/{path}:3.0.0")

    assert told.status == 1
    assert told.line("listed").startswith("3 tags")
    assert told.line("next") == "check the tag: the repository is there, and has none of this name"


def test_no_right_to_pull(doctor: Doctor, faulty: FaultyRegistry, path: str) -> None:
    faulty.demand_basic(USER, PASSWORD)
    faulty.on("GET", "/tags/list", _forbidden_for_who_is_known)

    told = doctor(
        f"{faulty.host}/{path}",
        entries=[entry(faulty.host, faulty.url, credentials="env:CREDENTIALS")],
    )

    assert told.status == 1
    assert told.line("next").startswith("have the owner of env:CREDENTIALS given the right to pull")


def _forbidden_for_who_is_known(answer: faults.Answer) -> faults.Answer:
    return answer if answer.status == 401 else faults.Answer(403)


@pytest.mark.parametrize(
    ("credentials", "pair", "repository", "step"),
    [
        pytest.param("", PAIR, "app", "write credentials: in the entry ours", id="none"),
        pytest.param(
            "env:CREDENTIALS",
            f"{USER}:wrong",
            "app",
            "write other credentials where env:CREDENTIALS has them",
            id="wrong",
        ),
        pytest.param(
            "env:CREDENTIALS",
            PAIR,
            "forbidden",
            "have the owner of env:CREDENTIALS given the right to pull",
            id="not-enough",
        ),
    ],
)
def test_a_token_server_refuses(
    doctor: Doctor, private: Private, *, credentials: str, pair: str, repository: str, step: str
) -> None:
    told = doctor(
        f"{private.server.host}/team/{repository}",
        entries=[private.entry(credentials=credentials)],
        env={"CREDENTIALS": pair},
    )

    assert told.status == 1
    assert "HTTP 401 Unauthorized" in told.line("failed")
    assert told.line("next").startswith(step)


def test_the_session_of_the_document_is_what_is_printed(doctor: Doctor, private: Private) -> None:
    """Of docs/registries.md: its ``console`` block, but for where the registry is."""
    (block,) = (b for b in blocks() if b.document == "registries.md" and b.language == "console")
    ((line, written),) = session(block)
    host = private.server.host
    image, option, file = line.replace("registry.test", host).split()[5:]
    assert (option, file) == ("--registries", "registries.conf")

    told = doctor(image, entries=[private.entry(credentials="env:OURS")], env={"OURS": PAIR})

    assert is_as_written(written.replace("registry.test", host), told.output), told.output


def test_a_token_server_whose_clock_is_wrong(
    doctor: Doctor, private: Private, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(private.tokens, "clock_s", 2 * _HOUR_S)

    told = doctor(
        f"{private.server.host}/{path}", entries=[private.entry(credentials="env:CREDENTIALS")]
    )

    assert told.status == 1
    assert told.lines("challenge")[-1].endswith(',error="invalid_token"')
    assert "one of their clocks is wrong" in told.line("next")


@pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "behind"])
def test_the_registrys_clock_is_wrong(
    doctor: Doctor, faulty: FaultyRegistry, path: str, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    _shift_clocks(monkeypatch, hours * _HOUR_S)

    told = doctor(f"{faulty.host}/{path}")

    assert told.status == 0
    seconds = int(told.line("clock").partition(" s from here")[0].rpartition(" ")[2])
    assert abs(seconds - hours * _HOUR_S) < 60
    assert told.line("clock").endswith("s from here, and tokens may be refused")


def test_a_refusal_of_a_registry_whose_clock_is_wrong(
    doctor: Doctor, faulty: FaultyRegistry, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _shift_clocks(monkeypatch, _HOUR_S)
    faulty.on("GET", "/tags/list", faults.failing(401))

    told = doctor(f"{faulty.host}/{path}")

    assert told.status == 1
    assert told.line("next").startswith("set the clocks")


def _shift_clocks(monkeypatch: pytest.MonkeyPatch, by_s: int) -> None:
    """Let the servers of this process send another time as ``Date``."""

    def date_time_string(_: BaseHTTPRequestHandler) -> str:
        return formatdate(time.time() + by_s, usegmt=True)  # noqa: TID251 - a server's clock

    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", date_time_string)


# --- which registry and which credentials, and why


@pytest.mark.parametrize(
    ("entries", "arguments", "expected"),
    [
        pytest.param(
            [entry("HOST", "URL", credentials="env:CREDENTIALS")],
            [],
            {
                "registry": ["ours: the entry with the longest prefix, HOST"],
                "credentials": ["env:CREDENTIALS, of the entry ours"],
            },
            id="prefix",
        ),
        pytest.param(
            [
                entry("HOST", "URL", credentials="env:CREDENTIALS"),
                {**entry("HOST/PATH", "URL"), "name": "theirs", "credentials": "env:OTHER"},
            ],
            [],
            {
                "registry": ["theirs: the entry with the longest prefix, HOST/PATH"],
                "credentials": ["env:OTHER, of the entry theirs"],
            },
            id="longest-prefix",
        ),
        pytest.param(
            [
                entry("registry.test", "https://registry.test", credentials="env:OTHER"),
                {"name": "all", "api_url": "URL", "default": True},
            ],
            [],
            {
                "registry": ["HOST: no entry of registries.conf is for it"],
                "credentials": [
                    "none: registries.conf has none for it, and there is no pull-secret"
                ],
            },
            id="no-entry",
        ),
        pytest.param(
            [entry("HOST", "URL", credentials="env:CREDENTIALS")],
            ["--pull-secret", "env:OTHER"],
            {
                "credentials": [
                    "env:OTHER, as pull-secret says; an annotation may name Secrets only",
                    "env:CREDENTIALS, of the entry ours",
                ]
            },
            id="pull-secret",
        ),
        pytest.param(
            [entry("HOST", "URL")],
            ["--pull-secret", "registry.test=env:OTHER"],
            {"credentials": ["env:OTHER is for registry.test alone, and passed over", "none: "]},
            id="pull-secret-of-another",
        ),
        pytest.param(
            [entry("HOST", "URL")],
            ["--pull-secret", "pullsecret:shop/regcred"],
            {
                "credentials": ["pullsecret:shop/regcred, as pull-secret says"],
                "note": ["pull-secret: pullsecret: is read from a cluster, and there is none"],
            },
            id="pull-secret-without-a-cluster",
        ),
        pytest.param(
            [
                entry("HOST", "URL", credentials="env:CREDENTIALS"),
                {"name": "cache", "prefix": "registry.test/cache", "scan_as": "HOST"},
            ],
            ["registry.test/cache"],
            {
                "image": ["registry.test/cache/PATH"],
                "listed as": ["HOST/PATH: scan_as of the entry cache"],
                "registry": ["ours: the entry with the longest prefix, HOST"],
                "credentials": ["env:CREDENTIALS, of the entry ours"],
            },
            id="scan-as",
        ),
        pytest.param(
            [entry("HOST", "URL", insecure=True, ca_file="ca.pem")],
            [],
            {
                "trusts": ["any certificate: insecure: true"],
                "note": ["registries.conf: ca_file of ours has no effect"],
            },
            id="insecure",
        ),
    ],
)
def test_which_and_why(
    doctor: Doctor,
    registry: RegistryServer,
    path: str,
    *,
    entries: list[dict[str, Any]],
    arguments: list[str],
    expected: Mapping[str, list[str]],
) -> None:
    def here(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        for name, value in (("HOST", registry.host), ("URL", registry.url), ("PATH", path)):
            text = text.replace(name, value)
        return text

    place = registry.host
    if arguments and not arguments[0].startswith("--"):
        place, *arguments = arguments
    written = [{key: here(value) for key, value in one.items()} for one in entries]

    told = doctor(f"{place}/{path}", *arguments, entries=written, env={"OTHER": PAIR})

    assert told.status == 0
    for label, texts in expected.items():
        found = told.lines(label)
        assert len(found) == len(texts)
        for line, text in zip(found, texts, strict=True):
            assert line.startswith(here(text))


def test_the_default_entry_has_what_is_on_docker_hub(
    doctor: Doctor, registry: RegistryServer, path: str
) -> None:
    default = {
        "name": "mirror",
        "api_url": registry.url,
        "default": True,
        "credentials": "env:CREDENTIALS",
    }

    told = doctor(path, entries=[default])

    assert told.status == 0
    assert told.line("image") == f"docker.io/{path}"
    assert told.line("registry") == (
        "mirror: the entry for what is under no prefix, with default: true"
    )
    assert told.line("credentials") == "env:CREDENTIALS, of the entry mirror"


# --- what is wrong with the input


@pytest.mark.parametrize(
    ("image", "keys", "arguments", "complaint"),
    [
        pytest.param("Team/App", {}, [], "Team/App: not a repository path", id="image"),
        pytest.param(
            "registry.test/app",
            {"credentials": PAIR},
            [],
            "error: registry ours: credentials: it does not begin with a kind of credentials",
            id="password-for-credentials",
        ),
        pytest.param(
            "registry.test/app",
            {},
            ["--pull-secret", PAIR],
            "error: --pull-secret: it does not begin with a kind of credentials",
            id="password-for-pull-secret",
        ),
        pytest.param(
            "registry.test/app",
            {"limit": "many"},
            [],
            "registry ours: limit: 'many' is no number of requests a second",
            id="registries-conf",
        ),
        pytest.param(
            "registry.test/app",
            {"credentials": "env:NOT_SET"},
            [],
            "registry ours: credentials: could not fetch credentials: env 'NOT_SET' is not set",
            id="variable",
        ),
    ],
)
def test_wrong_input(
    doctor: Doctor, image: str, keys: dict[str, Any], arguments: list[str], complaint: str
) -> None:
    entries = [entry("registry.test", "http://127.0.0.1:1", **keys)]

    told = doctor(image, *arguments, entries=entries)

    assert told.status == 2
    assert complaint in told.output
    assert not told.lines("request")


def test_what_a_registry_says_cannot_steer_a_terminal(
    doctor: Doctor, faulty: FaultyRegistry, path: str
) -> None:
    challenge = 'Basic realm="\x1b]0;owned\x07"'
    faulty.on("GET", "/tags/list", faults.failing(401, WWW_Authenticate=challenge))

    told = doctor(f"{faulty.host}/{path}")

    assert told.status == 1
    assert "\x1b" not in told.output
    assert told.line("challenge") == 'Basic realm="?]0;owned?"'
