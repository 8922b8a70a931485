"""How a delivery shows that its sender knows the secret.

Which sender has which way is argocd-image-updater's table (pkg/webhook, docs/configuration/
webhook.md). What is compared takes the same time wherever it differs. A secret that is sent in a
header has to be ASCII (RFC 9110, 5.5).
"""

import hmac

from cmp.registry.webhooks.base import Delivery


def in_query(secret: str, delivery: Delivery) -> bool:
    """``?secret=``, for senders that let nothing be set but the URL; access logs show it."""
    return _same(delivery.query.get("secret", ""), secret)


def in_authorization(secret: str, delivery: Delivery) -> bool:
    """Look into ``Authorization``, for the secret alone or after ``Bearer`` (RFC 6750, 2.1)."""
    said = delivery.headers.get("authorization", "")
    return _same(said, secret) | _same(said, f"Bearer {secret}")


def in_own_header(secret: str, delivery: Delivery) -> bool:
    """``X-Webhook-Secret``, as in argocd-image-updater's Terraform for EventBridge."""
    return _same(delivery.headers.get("x-webhook-secret", ""), secret)


def signed(secret: str, delivery: Delivery) -> bool:
    """``X-Hub-Signature-256``: the body's HMAC (GitHub, "Validating webhook deliveries")."""
    digest = hmac.digest(_bytes(secret), delivery.body, "sha256").hex()
    return _same(delivery.headers.get("x-hub-signature-256", ""), f"sha256={digest}")


def _same(said: str, expected: str) -> bool:
    return hmac.compare_digest(_bytes(said), _bytes(expected))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # any text: a sender chooses what is compared
