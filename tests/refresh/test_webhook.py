"""POST /webhook and /touch through real HTTP: who may, what is told, and what holds up nobody."""

import hmac
import json
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from cmp.errors import IndexUnavailable
from cmp.index import Touch
from cmp.refresh.address import Address
from cmp.refresh.meter import Meter
from cmp.refresh.serving import LARGEST_BODY, Server
from cmp.refresh.webhook import Allowance, Webhook
from cmp.registry.webhooks import SENDERS
from cmp.registry.webhooks.proofs import in_authorization, in_own_header, in_query, signed
from tests.registry.webhooks.deliveries import body, headers, sender
from tests.support.cli import PROJECT
from tests.support.metrics import sample

SECRET = "s3cret-of-the-webhook"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BEARER = {"Authorization": f"Bearer {SECRET}"}
PUSH = json.dumps(
    {
        "events": [
            {
                "action": "push",
                "target": {
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "repository": "team/app",
                    "tag": "v4",
                },
                "request": {"host": "registry.test"},
            }
        ]
    }
)
PROOFS = {
    signed: "X-Hub-Signature-256",
    in_authorization: "Authorization",
    in_own_header: "X-Webhook-Secret",
    in_query: "?secret=",
}
APP = Touch("repository", "registry.test/team/app")


class Place:
    """A webhook on loopback, and what it was told."""

    def __init__(self, stack: ExitStack, **allowances: Allowance) -> None:
        self.touched: list[Touch] = []
        self.store_fails = False
        self.meter = Meter()
        self._session = stack.enter_context(requests.Session())
        self._session.trust_env = False
        webhook = Webhook(SECRET, self._touch, self.meter, **allowances)
        server = Server("webhook", webhook.application, Address("127.0.0.1", 0))
        self.server = stack.enter_context(server)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def _touch(self, touches: Iterable[Touch]) -> None:
        if self.store_fails:
            raise IndexUnavailable("away", where="redis")
        self.touched += touches

    def ask(self, path: str, data: Any = b"", method: str = "POST", **given: Any) -> Any:
        return self._session.request(method, self.url + path, data=data, timeout=10, **given)

    def deliveries(self, sender: str, outcome: str) -> float:
        name = "image_cmp_webhook_deliveries_total"
        return sample(self.meter.text(), name, sender=sender, outcome=outcome)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def place(stack: ExitStack) -> Place:
    return Place(stack)


def _signed(payload: bytes) -> dict[str, str]:
    digest = hmac.digest(SECRET.encode(), payload, "sha256").hex()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


@pytest.mark.parametrize(
    ("name", "proof", "query"),
    [
        pytest.param("distribution-push", BEARER, "", id="bearer"),
        pytest.param("harbor-push", {"Authorization": SECRET}, "", id="authorization"),
        pytest.param("quay-push", {}, f"?secret={SECRET}", id="query"),
        pytest.param("ghcr-package", _signed(body("ghcr-package")), "", id="signature"),
        pytest.param("ecr-push", {"X-Webhook-Secret": SECRET}, "?type=ecr", id="own-header"),
        pytest.param("docker-hub", {}, f"?type=docker.io&secret={SECRET}", id="said-in-the-url"),
    ],
)
def test_each_sender_shows_the_secret_in_its_way(
    place: Place, name: str, proof: Mapping[str, str], query: str
) -> None:
    refused = place.ask(
        f"/webhook{query.replace(SECRET, 'guess')}", body(name), headers=headers(name)
    )
    taken = place.ask(f"/webhook{query}", body(name), headers={**headers(name), **proof})

    assert (refused.status_code, taken.status_code) == (401, 202)
    assert "CMP_WEBHOOK_SECRET" in refused.text
    assert SECRET not in refused.text + taken.text
    assert {touch.kind for touch in place.touched} == {"repository"}
    assert place.touched[0].identity in taken.text
    assert place.deliveries(sender(name), "accepted") == 1
    assert place.deliveries(sender(name), "denied") == 1


@pytest.mark.parametrize(
    ("asked", "data", "given", "said"),
    [
        pytest.param("POST /webhook", PUSH, {}, "401 does not show", id="no-secret"),
        pytest.param(
            "POST /webhook",
            PUSH,
            {"Authorization": "Bearer s3cret"},
            "401 does not show",
            id="half-a-secret",
        ),
        pytest.param("POST /webhook", b"{", BEARER, "400 the body is not JSON", id="no-json"),
        pytest.param("POST /webhook", b"[" * 100_000, BEARER, "400 not JSON", id="brackets"),
        pytest.param("POST /webhook", b"{}", BEARER, "400 known are acr, ", id="nobody"),
        pytest.param(
            "POST /webhook?type=gitea",
            PUSH,
            BEARER,
            "400 no sender is called 'gitea'",
            id="unknown",
        ),
        pytest.param(
            "POST /webhook?type=harbor",
            PUSH,
            BEARER,
            "400 this is of distribution",
            id="another",
        ),
        pytest.param(
            "POST /webhook",
            PUSH.replace("push", "pull"),
            BEARER,
            "202 none of its events pushes an image",
            id="no-push",
        ),
        pytest.param(
            "POST /webhook", b" " * (LARGEST_BODY + 1), BEARER, "413 exceeds", id="too-large"
        ),
        pytest.param("GET /webhook", b"", BEARER, "405 use POST", id="get"),
        pytest.param("HEAD /webhook", b"", BEARER, "405 ", id="head"),
        pytest.param("PUT /touch", b"", BEARER, "405 use POST", id="put"),
        pytest.param("POST /", PUSH, BEARER, "404 there is /webhook, /touch", id="elsewhere"),
        pytest.param(
            "POST /touch",
            "image=registry.test/a",
            {},
            "401 does not show",
            id="touch-no-secret",
        ),
        pytest.param("POST /touch", "", BEARER, "400 write image=", id="touch-nothing"),
        pytest.param(
            "POST /touch", "tag=v4", BEARER, "400 not 'tag'; write image=", id="touch-other"
        ),
        pytest.param("POST /touch", "image=A b", BEARER, "400 A b", id="touch-no-image"),
        pytest.param(
            "POST /touch",
            "application=guestbook",
            BEARER,
            "400 not <namespace>/<name>",
            id="touch-no-namespace",
        ),
        pytest.param(
            "POST /touch", "&".join(["image=a"] * 101), BEARER, "400 100", id="touch-many"
        ),
    ],
)
def test_what_is_refused_is_told_why(
    place: Place, asked: str, data: Any, given: Mapping[str, str], said: str
) -> None:
    method, path = asked.split()
    status, _, text = said.partition(" ")
    kind = FORM if path == "/touch" else JSON

    answer = place.ask(path, data, method, headers={"Content-Type": kind, **given})

    assert (answer.status_code, text in answer.text) == (int(status), True), answer.text
    assert place.touched == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(
            "image=nginx:1.29&image=registry.test/team/app&application=argocd/guestbook",
            FORM,
            id="form",
        ),
        pytest.param(
            json.dumps(
                {"image": ["nginx", "registry.test/team/app"], "application": "argocd/guestbook"}
            ),
            f"{JSON}; charset=utf-8",
            id="json",
        ),
    ],
)
def test_anybody_with_the_secret_may_touch(place: Place, data: str, kind: str) -> None:
    answer = place.ask("/touch", data, headers={"Content-Type": kind, **BEARER})

    assert answer.status_code == 202
    assert place.touched == [
        Touch("repository", "docker.io/library/nginx"),
        APP,
        Touch("application", "argocd/guestbook"),
    ]
    assert place.deliveries("touch", "accepted") == 1


def test_the_document_has_all_senders_and_where_they_show_the_secret() -> None:
    document = (PROJECT / "docs" / "webhooks.md").read_text()

    for name, found in SENDERS.items():
        ways = [f"`{said}`" for proof, said in PROOFS.items() if proof in found.proofs]
        assert f"| `{name}` | {', '.join(ways)} |" in document
    for status in ("202", "400", "401", "413", "429", "503"):
        assert status in document


def test_too_many_are_told_to_wait(stack: ExitStack) -> None:
    place = Place(stack, known=Allowance(0.001, 2), strangers=Allowance(0.001, 1))

    known = [place.ask("/webhook", PUSH, headers=BEARER) for _ in range(3)]
    strangers = [place.ask("/webhook", PUSH) for _ in range(2)]

    assert [answer.status_code for answer in known] == [202, 202, 429]
    assert known[2].headers["Retry-After"] == "1"
    assert [answer.status_code for answer in strangers] == [401, 429]
    assert place.deliveries("distribution", "limited") == 2


def test_guessing_keeps_nobody_out(stack: ExitStack) -> None:
    place = Place(stack, strangers=Allowance(0.001, 1))
    for _ in range(3):
        place.ask("/webhook", PUSH)

    assert place.ask("/webhook", PUSH, headers=BEARER).status_code == 202


def test_what_cannot_be_handed_on_is_to_be_sent_again(place: Place) -> None:
    place.store_fails = True

    answer = place.ask("/webhook", PUSH, headers=BEARER)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert place.deliveries("distribution", "unavailable") == 1


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"POST /webhook HTTP/1.1\r\nHost: x\r\n", id="half-a-header"),
        pytest.param(
            b"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{", id="half-a-body"
        ),
    ],
)
def test_who_sends_slowly_holds_up_nobody(place: Place, stack: ExitStack, sent: bytes) -> None:
    for _ in range(50):
        slow = stack.enter_context(socket.create_connection(("127.0.0.1", place.server.port)))
        slow.sendall(sent)
    began = time.monotonic()

    answers = [place.ask("/webhook", PUSH, headers=BEARER).status_code for _ in range(5)]

    assert answers == [202] * 5
    assert time.monotonic() - began < 5


def test_a_body_without_end_is_cut_off(place: Place, stack: ExitStack) -> None:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", place.server.port)))
    connection.sendall(b"POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    answer = b""
    try:
        for _ in range(64):
            connection.sendall(chunk)
    except OSError:
        pass
    try:
        answer = connection.recv(100)
    except OSError:
        return  # cut off while we were sending

    assert b"413" in answer.splitlines()[0]


def test_closed_while_others_are_connected(stack: ExitStack) -> None:
    place = Place(stack)
    slow = stack.enter_context(socket.create_connection(("127.0.0.1", place.server.port)))
    assert place.ask("/webhook", PUSH, headers=BEARER).status_code == 202
    began = time.monotonic()

    place.server.close()

    assert time.monotonic() - began < 2
    assert slow.recv(1) == b""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", place.server.port))
