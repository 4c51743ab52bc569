"""Take Cal.com's webhooks in Airflow's API server, at ``/calcom-events/ORGANIZATION``."""

from __future__ import annotations

from calcom_provider.events.asgi import ReceiverApp
from calcom_provider.hooks.events import receiver


def application() -> ReceiverApp:
    """Return the application. What it needs of Airflow's configuration is read at the first delivery."""
    return ReceiverApp(receiver)
