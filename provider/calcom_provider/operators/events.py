"""Keep the subscription to an organisation's events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook, BaseOperator

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

ACTIONS = ("register", "rotate", "test", "remove")


class CalComWebhooksOperator(BaseOperator):
    """Keep the organisation's subscription to its events.

    .. seealso:: :ref:`howto/operator:CalComWebhooksOperator`

    :param action: ``register`` (running it again changes nothing), ``rotate`` the secret, which leaves the one before
        valid for ten minutes, ``test`` the address with a signed delivery of our own, or ``remove`` (templated).
    :param url: address of the receiver as Cal.com reaches it, without the organisation (templated); needed by
        ``register``.
    :param calcom_conn_id: Airflow connection of type ``calcom``, with the webhook secret (templated).
    :param events_conn_id: Airflow connection of the store of events (templated).
    :param organization_id: organisation; default the connection's (templated).
    """

    template_fields: Sequence[str] = ("action", "url", "calcom_conn_id", "events_conn_id", "organization_id")
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        action: str = "register",
        url: str | None = None,
        calcom_conn_id: str = CalComHook.default_conn_name,
        events_conn_id: str,
        organization_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.action = action
        self.url = url
        self.calcom_conn_id = calcom_conn_id
        self.events_conn_id = events_conn_id
        self.organization_id = organization_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Do what was asked, and return what came of it; no secret is in it.

        :param context: the task's context.
        :raises AirflowFailException: when a retry cannot help.
        """
        with explained(self.log):
            done = self._act()
        self.log.info("%s: %s", self.action, done)
        return done

    def _act(self) -> dict[str, Any]:
        from calcom_provider.events.subscriptions import Subscriptions
        from calcom_provider.hooks.events import event_store, webhook_secret

        if self.action not in ACTIONS:
            raise ConfigurationError(f"action is one of {', '.join(ACTIONS)}, not {self.action!r}.")
        url = arguments.text(self.url)
        if self.action == "register" and url is None:
            raise ConfigurationError("register needs the url at which Cal.com reaches the receiver.")
        hook = CalComHook(
            self.calcom_conn_id, organization_id=arguments.number(self.organization_id, "organization_id")
        )
        store = event_store(self.events_conn_id)
        try:
            secret = webhook_secret(BaseHook.get_connection(self.calcom_conn_id))
            subscriptions = Subscriptions(hook.get_conn(), store, secret)
            if self.action == "register":
                return subscriptions.register(url or "").to_dict()
            if self.action == "rotate":
                return {"generation": subscriptions.rotate()}
            if self.action == "test":
                return {"status": subscriptions.test(url)}
            return {"removed": subscriptions.remove()}
        finally:
            hook.close()
            store.database.close()
