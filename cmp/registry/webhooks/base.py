"""What arrives at the webhook, who sends it, and what it tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from cmp.core.image import Repository
from cmp.errors import InvalidInput
from cmp.registry.webhooks.fields import json_of

PushedImage = tuple[Repository, str]
"""A repository that was pushed to, and the tag; no tag: by digest only, or none that is named."""


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """One POST to the webhook. What it holds is not shown: a secret may be in any part of it."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    """With their names in lower case (RFC 9110, 5.1: names are case-insensitive)."""
    query: Mapping[str, str] = field(repr=False)
    """The parameters of the webhook's URL."""
    document: Any = field(repr=False)
    """What the body is as JSON."""

    @classmethod
    def parse(cls, body: bytes, headers: Mapping[str, str], query: Mapping[str, str]) -> Self:
        """Read a request; raise `InvalidInput` where its body is not JSON."""
        lower = {name.lower(): value for name, value in headers.items()}
        if "x-www-form-urlencoded" in lower.get("content-type", "").lower():
            raise InvalidInput(
                "the body is a form, not JSON; choose the content type application/json in the "
                "webhook's settings"
            )
        return cls(body, lower, query, json_of(body, "the body"))


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a delivery tells: the repositories to check again."""

    images: tuple[PushedImage, ...] = ()
    """Each once, in the order in which they are told."""
    why: str = ""
    """Why there are none."""
    complaints: tuple[str, ...] = ()
    """What was wrong with those of several events that could not be read."""
    sender: str = ""
    """The name of who sent it; `cmp.registry.webhooks.pushed` fills it in."""


Proof = Callable[[str, Delivery], bool]
"""Tells whether a delivery shows that its sender knows the secret."""


def _unmarked(_: Mapping[str, str]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Sender:
    """A kind of registry, or of envelope, that sends webhooks."""

    name: str
    """What ``?type=`` says for it; argocd-image-updater's name where it has one."""
    has_shape: Callable[[Any], bool]
    """Tells whether a document is of its kind and of no other's."""
    read: Callable[[Delivery], Pushed]
    """Returns what a delivery tells; raises `InvalidInput` where it cannot be understood."""
    proofs: tuple[Proof, ...]
    """The ways in which it can show the secret; one is enough."""
    marks: Callable[[Mapping[str, str]], bool] = _unmarked
    """Tells whether headers are those that it alone sends; they say more than the shape."""

    def knows(self, secret: str, delivery: Delivery) -> bool:
        """Tell whether ``delivery`` shows ``secret``; an empty secret is known to nobody."""
        return bool(secret) and any(proof(secret, delivery) for proof in self.proofs)
