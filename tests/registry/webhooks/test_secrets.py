"""The secret: who shows it how, and that nothing repeats it."""

import hmac
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.errors import InvalidInput
from cmp.registry.webhooks import SENDERS, Delivery, pushed
from tests.registry.webhooks.deliveries import KNOWN, body, delivery, headers, sender

SECRET = "s3cret-Pa55"
QUERY = {"query": "secret={}"}
AUTHORIZATION = {"header": "Authorization: {}"}
BEARER = {"header": "Authorization: Bearer {}"}
OWN = {"header": "X-Webhook-Secret: {}"}
WAYS = {
    "query": QUERY,
    "authorization": AUTHORIZATION,
    "bearer": BEARER,
    "own-header": OWN,
    "signature": {"header": "X-Hub-Signature-256: sha256={signature}"},
}
TAKEN = {
    "acr": {"authorization", "bearer"},
    "aliyun-acr": {"query"},
    "artifact-registry": {"query", "authorization", "bearer"},
    "cloudevents": {"query", "own-header", "authorization", "bearer"},
    "distribution": {"query", "authorization", "bearer"},
    "docker.io": {"query"},
    "ecr": {"query", "own-header"},
    "ghcr.io": {"signature"},
    "harbor": {"authorization", "bearer"},
    "quay.io": {"query"},
}
CONTENT = b'{"a": "\xc3\xa9"}'


def shown(way: Mapping[str, str], secret: str, content: bytes = CONTENT) -> Delivery:
    signature = hmac.new(secret.encode(errors="surrogatepass"), content, "sha256").hexdigest()
    (place, form) = next(iter(way.items()))
    name, _, value = form.partition("=" if place == "query" else ": ")
    said = {name: value.format(secret, signature=signature)}
    if place == "query":
        return Delivery.parse(content, {}, said)
    return Delivery.parse(content, {name.upper(): v for name, v in said.items()}, {})


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("way", WAYS)
def test_each_sender_has_its_ways(name: str, way: str) -> None:
    knows = SENDERS[name].knows

    assert knows(SECRET, shown(WAYS[way], SECRET)) is (way in TAKEN[name])
    assert not knows(SECRET, shown(WAYS[way], "another"))
    assert not knows(SECRET, shown(WAYS[way], ""))
    assert not knows("", shown(WAYS[way], ""))


@pytest.mark.parametrize("name", SENDERS)
def test_nothing_shown_is_nothing_known(name: str) -> None:
    assert not SENDERS[name].knows(SECRET, Delivery.parse(b"{}", {}, {}))
    assert not SENDERS[name].knows("", Delivery.parse(b"{}", {}, {}))


def test_githubs_own_example_of_a_signature() -> None:
    """GitHub, "Validating webhook deliveries", "Testing the webhook payload validation"."""
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    given = Delivery(b"Hello, World!", {"x-hub-signature-256": signature}, {}, None)

    assert SENDERS["ghcr.io"].knows("It's a Secret to Everybody", given)
    assert not SENDERS["ghcr.io"].knows("it's a Secret to Everybody", given)


def test_a_signature_is_of_the_body_as_it_was_sent() -> None:
    signed = shown(WAYS["signature"], SECRET)
    spaced = Delivery.parse(CONTENT + b" ", signed.headers, {})

    assert not SENDERS["ghcr.io"].knows(SECRET, spaced)


@given(secret=st.text(st.characters(), max_size=20), said=st.text(st.characters(), max_size=20))
def test_any_text_is_compared(secret: str, said: str) -> None:
    for name, known in SENDERS.items():
        for way, form in WAYS.items():
            same = secret == said and way in TAKEN[name]
            assert known.knows(secret, shown(form, said)) is (same and secret != "")


@pytest.mark.parametrize("name", KNOWN)
def test_no_error_and_no_repr_repeats_it(name: str) -> None:
    secrets = {"Authorization": SECRET, "X-Webhook-Secret": SECRET, "X-Hub-Signature-256": SECRET}
    given = {**headers(name), **secrets}
    query = {"secret": SECRET}

    told = pushed(Delivery.parse(body(name), given, query))
    assert SECRET not in repr(told)
    assert SECRET not in repr(Delivery.parse(body(name), given, query))
    other = "quay.io" if sender(name) != "quay.io" else "harbor"
    for content, more in ((b"{}", {}), (body(name), {"type": other}), (b"{}", {"type": other})):
        with pytest.raises(InvalidInput) as caught:
            pushed(Delivery.parse(content, {**secrets, **more}, {**query, **more}))
        assert SECRET not in str(caught.value)
        assert SECRET not in repr(caught.value)


def test_a_delivery_shows_nothing_of_itself() -> None:
    assert repr(delivery("quay-push", secret=SECRET)) == "Delivery()"
    assert SECRET not in json.dumps(str(delivery("quay-push", secret=SECRET)))
