"""Only what was signed with the webhook's secret is taken for a delivery of Cal.com."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.api.webhook_signature import verify_webhook_signature


@given(body=st.binary(max_size=200), secret=st.text(min_size=1, max_size=40), flip=st.integers(0, 63))
def test_signed_body_is_accepted_and_any_change_refused(body: bytes, secret: str, flip: int) -> None:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert verify_webhook_signature(body, signature, secret)
    assert verify_webhook_signature(body, signature.upper(), secret)
    other = "0" if signature[flip] != "0" else "1"
    assert not verify_webhook_signature(body, signature[:flip] + other + signature[flip + 1 :], secret)
    assert not verify_webhook_signature(body + b" ", signature, secret)
    assert not verify_webhook_signature(body, signature, secret + "x")


@pytest.mark.parametrize("signature", ["no-secret-provided", "", "é", "0" * 64, None])
def test_what_proves_nothing_is_refused(signature: str) -> None:
    assert not verify_webhook_signature(b"{}", signature, "secret")


def test_no_secret_accepts_nothing() -> None:
    assert not verify_webhook_signature(b"{}", hmac.new(b"", b"{}", hashlib.sha256).hexdigest(), "")


# [START howto_webhook_signature]
def receive(body: bytes, headers: dict[str, str], secret: str) -> int:
    """Return the HTTP status to answer a delivery with."""
    if not verify_webhook_signature(body, headers.get("X-Cal-Signature-256", ""), secret):
        return 401
    return 200


# [END howto_webhook_signature]


def test_the_documented_receiver_tells_deliveries_apart() -> None:
    signature = hmac.new(b"secret", b"{}", hashlib.sha256).hexdigest()
    assert receive(b"{}", {"X-Cal-Signature-256": signature}, "secret") == 200
    assert receive(b"{}", {"X-Cal-Signature-256": signature}, "another") == 401
    assert receive(b"{}", {}, "secret") == 401
