"""The errors of the receiver and its store."""

from __future__ import annotations

from calcom_provider.api.errors import CalComError


class EventStoreError(CalComError):
    """Say why the store of events cannot be used."""


class SubscriptionError(CalComError):
    """Say why a subscription could not be made, changed or tried."""
