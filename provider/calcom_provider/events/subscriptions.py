"""Subscribe an organisation to its events, rotate the secret, try the address, and end it."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson
import sqlalchemy as sa

from calcom_provider.api.errors import InvalidRequestError, NotFoundError, PermissionDeniedError
from calcom_provider.events.body import PING
from calcom_provider.events.errors import SubscriptionError
from calcom_provider.events.secrets import LOOK_AGAIN, Generations, derive
from calcom_provider.events.store.store import EventStore
from calcom_provider.events.store.tables import SUBSCRIPTIONS
from calcom_provider.resources.events import TRIGGERS

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient

#: Seconds to connect, and to wait for an answer.
PATIENCE = (5.0, 15.0)


@dataclass(frozen=True, slots=True)
class Registered:
    """Say what the organisation is subscribed to.

    :param webhook_id: id of the webhook in Cal.com.
    :param url: where deliveries go.
    :param triggers: what is told.
    :param dropped: triggers that this server does not know.
    :param changed: whether anything had to be made or changed.
    """

    webhook_id: str
    url: str
    triggers: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    changed: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, fit for XCom and JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Show a webhook of the organisation, without its secret.

    :param webhook_id: its id.
    :param url: where its deliveries go.
    :param active: whether it is on.
    :param triggers: what it tells.
    :param ours: whether :meth:`Subscriptions.register` made it.
    """

    webhook_id: str
    url: str
    active: bool
    triggers: tuple[str, ...]
    ours: bool


class Subscriptions:
    """Keep the subscription of one organisation.

    :param client: open client of an admin.
    :param store: where it is noted.
    :param secret: what the connection holds.
    :param clock: seconds since 1970.
    """

    def __init__(
        self, client: CalComClient, store: EventStore, secret: str, clock: Callable[[], float] = time.time
    ) -> None:
        organization_id = client.organization_id
        if not organization_id:
            raise SubscriptionError("Webhooks are an organisation's, and this account belongs to none.")
        if len(secret) < 16:
            raise SubscriptionError(
                "The secret of the webhooks is missing or shorter than 16 characters.",
                advice="Make one with openssl rand -hex 32, and put it into webhook_secret of the connection.",
            )
        self.organization_id = organization_id
        self._client = client
        self._store = store
        self._secret = secret
        self._clock = clock

    def register(self, url: str, triggers: Sequence[str] = TRIGGERS) -> Registered:
        """Subscribe, or bring the subscription that there is up to date; running it again changes nothing.

        :param url: address of the receiver, without the organisation, which is added.
        :param triggers: what to be told; one that the server does not know is dropped.
        """
        address = self.address(url)
        # A webhook that was made by hand has the connection's own secret, which Cal.com then shows to admins.
        generations = self._store.generations(self.organization_id)
        generation = generations.current or 1
        held = [row for row in self._rows() if row["subscriberUrl"] == address]
        wanted = {
            "subscriberUrl": address,
            "active": True,
            "payloadTemplate": None,
            "secret": derive(self._secret, self.organization_id, generation),
        }
        for row in held[1:]:
            # The server lets a second one with the same address through; each delivery would come twice.
            self._client.call("org_webhooks.delete", confirm=True, webhookId=row["id"])
        found = held[0] if held else None
        same = found is not None and all(found.get(name) == value for name, value in wanted.items())
        if (
            same
            and found is not None
            and set(found["triggers"]) == set(self._noted_triggers(found, triggers))
        ):
            row, known = found, list(found["triggers"])
            dropped = [one for one in triggers if one not in known]
            changed = len(held) > 1
        else:
            row, known, dropped = self._write(found, wanted, list(triggers))
            changed = True
        if not generations.current or changed:
            self._note(row["id"], Generations(generation, generations.pending, generations.rotated_at))
        return Registered(row["id"], address, tuple(known), tuple(dropped), changed)

    def address(self, url: str) -> str:
        """Return the full address of the receiver for the organisation.

        :param url: address of the receiver.
        :raises SubscriptionError: when it is none.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise SubscriptionError(
                "The receiver's address has to begin with https:// and end without a query.",
                advice="Name the address that Cal.com reaches, for example https://airflow.example.com/calcom-events.",
            )
        ending = f"/{self.organization_id}"
        return url if url.endswith(ending) else f"{url.rstrip('/')}{ending}"

    def webhooks(self) -> list[Subscribed]:
        """List the organisation's webhooks; secrets are left out."""
        ours = self._webhook_id()
        return [
            Subscribed(
                row["id"], row["subscriberUrl"], row["active"], tuple(row["triggers"]), row["id"] == ours
            )
            for row in self._rows()
        ]

    def counts(self) -> dict[str, int]:
        """Return how many deliveries of the organisation became what, all days together."""
        return self._store.counts(self.organization_id)

    def counts_of_nobody(self) -> dict[str, int]:
        """Return how many deliveries were refused unread, or named no organisation of this receiver."""
        return self._store.counts(0)

    def remove(self) -> bool:
        """End the subscription; tell whether there was one."""
        number = self._webhook_id()
        removed = False
        if number is not None:
            try:
                self._client.call("org_webhooks.delete", confirm=True, webhookId=number)
                removed = True
            except (NotFoundError, PermissionDeniedError):
                # What is not there (any more) is answered with either.
                if any(row["id"] == number for row in self._rows()):
                    raise
        gone = sa.delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.organization_id == self.organization_id)
        self._store.database.run(lambda connection: connection.execute(gone))
        return removed

    def rotate(self) -> int:
        """Give the subscription a new secret; the one before stays valid for ten minutes. Return its number.

        Both are valid before Cal.com is told, so that a rotation that breaks off loses nothing; run it again then.
        """
        number = self._webhook_id()
        if number is None:
            raise SubscriptionError("There is no subscription to rotate.", advice="Register one first.")
        generations = self._store.generations(self.organization_id)
        since = self._clock() - generations.rotated_at
        if 0 <= since < LOOK_AGAIN:
            # A receiver that looked just before the last rotation takes one more without a look, and not two.
            time.sleep(LOOK_AGAIN - since + 0.1)
        following = generations.current + 1
        self._note(number, Generations(generations.current, following, generations.rotated_at))
        secret = derive(self._secret, self.organization_id, following)
        self._client.call("org_webhooks.update", webhookId=number, secret=secret)
        self._note(number, Generations(following, None, self._clock()))
        return following

    def test(self, url: str | None = None) -> int:
        """Sign a delivery and send it to the registered address; return the HTTP status of the answer.

        :param url: another address of the receiver.
        :raises SubscriptionError: when there is none, or it does not answer as a receiver of ours.
        """
        import requests

        number = self._webhook_id()
        addresses = [row["subscriberUrl"] for row in self._rows() if row["id"] == number]
        address = self.address(url) if url else next(iter(addresses), None)
        if address is None:
            raise SubscriptionError("There is no subscription to try.", advice="Register one first.")
        generations = self._store.generations(self.organization_id)
        secret = derive(self._secret, self.organization_id, generations.current)
        created = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds")
        body = orjson.dumps(
            {"triggerEvent": PING, "createdAt": created.replace("+00:00", "Z"), "payload": {}}
        )
        headers = {
            "Content-Type": "application/json",
            "X-Cal-Signature-256": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        }
        try:
            answer = requests.post(
                address, data=body, headers=headers, timeout=PATIENCE, allow_redirects=False
            )
        except requests.RequestException as error:
            raise SubscriptionError(
                f"The receiver cannot be reached from here ({type(error).__name__}).",
                advice="Look at its address, and whether it runs.",
            ) from None
        if answer.status_code != 200 or "tested" not in answer.text[:100]:
            raise SubscriptionError(
                f"The receiver answered with status {answer.status_code}.",
                advice="401: it holds another secret. 404: it does not know the organisation, or something else"
                " answers there. 429: it has refused too much that came from here; wait a minute."
                " 503: it cannot reach its store.",
            )
        return answer.status_code

    # -- helpers
    # -------------------------------------------------------------------------------------------------

    def _rows(self) -> list[dict[str, Any]]:
        return list(self._client.rows("org_webhooks.list"))

    def _write(
        self, row: dict[str, Any] | None, wanted: dict[str, Any], triggers: list[str]
    ) -> tuple[dict[str, Any], list[str], list[str]]:
        """Make or change the webhook; return it, what it tells, and what the server does not know."""
        if row is None:
            try:
                return self._client.call("org_webhooks.create", **wanted, triggers=triggers), triggers, []
            except InvalidRequestError:
                # Off until it is known what it can tell; the secret and the address are right already.
                row = self._client.call("org_webhooks.create", **wanted | {"active": False}, triggers=[])
        assert row is not None
        number = row["id"]
        known = self._known(number, triggers)
        if not known:
            raise SubscriptionError("The server knows none of the triggers.")
        done = self._client.call("org_webhooks.update", webhookId=number, **wanted, triggers=known)
        return done, known, [one for one in triggers if one not in known]

    def _known(self, number: str, triggers: list[str]) -> list[str]:
        """Find the triggers that the server knows: it refuses a list as a whole."""
        if not triggers:
            return []
        try:
            self._client.call("org_webhooks.update", webhookId=number, triggers=triggers)
        except InvalidRequestError:
            if len(triggers) == 1:
                return []
            half = len(triggers) // 2
            return self._known(number, triggers[:half]) + self._known(number, triggers[half:])
        return triggers

    def _noted_triggers(self, row: dict[str, Any], triggers: Sequence[str]) -> Sequence[str]:
        """Return what the webhook should tell: of the wanted triggers those that the server took before."""
        return (
            [one for one in triggers if one in row["triggers"]]
            if row["id"] == self._webhook_id()
            else triggers
        )

    def _webhook_id(self) -> str | None:
        c = SUBSCRIPTIONS.c
        query = sa.select(c.webhook_id).where(c.organization_id == self.organization_id)
        return self._store.database.run(lambda connection: connection.execute(query).scalar())

    def _note(self, number: str, generations: Generations) -> None:
        c = SUBSCRIPTIONS.c
        mine = c.organization_id == self.organization_id
        values = {
            "webhook_id": number,
            "generation": generations.current,
            "pending": generations.pending,
            "rotated_at": generations.rotated_at,
        }

        def work(connection: sa.Connection) -> None:
            if not connection.execute(sa.update(SUBSCRIPTIONS).where(mine).values(**values)).rowcount:
                first = {**values, "organization_id": self.organization_id, "registered_at": self._clock()}
                connection.execute(sa.insert(SUBSCRIPTIONS).values(**first))

        self._store.database.run(work)
