"""Check that a webhook delivery comes from Cal.com."""

from __future__ import annotations

import hashlib
import hmac

NO_SECRET = "no-secret-provided"  # noqa: S105 - what Cal.com sends for a webhook without a secret


def verify_webhook_signature(body: bytes, signature: str, secret: str) -> bool:
    """Tell whether a delivery was signed with the webhook's secret.

    Cal.com signs the raw body with HMAC-SHA256 and sends the hex digest as ``X-Cal-Signature-256``. A webhook
    without a secret is delivered with a fixed text there, which proves nothing and is refused. The comparison
    takes the same time wherever the first difference is.

    :param body: the request's body as it arrived, before any decoding.
    :param signature: the value of ``X-Cal-Signature-256``.
    :param secret: the secret of the webhook.
    """
    if not secret or not isinstance(signature, str) or signature.strip() == NO_SECRET:
        return False
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode())
