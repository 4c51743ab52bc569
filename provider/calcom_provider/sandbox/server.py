"""Run the sandbox on a loopback port."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from types import TracebackType
from typing import Any

import uvicorn

from calcom_provider.sandbox.app import Application
from calcom_provider.sandbox.control import endpoints
from calcom_provider.sandbox.control.faults import Faults
from calcom_provider.sandbox.deliveries.sender import Sender
from calcom_provider.sandbox.gateway import Gateway
from calcom_provider.sandbox.seed import organization as _seed
from calcom_provider.sandbox.seed.scheduling import More
from calcom_provider.sandbox.seed.settings import Sizes
from calcom_provider.sandbox.world.clock import moment_of
from calcom_provider.sandbox.world.counts import counts
from calcom_provider.sandbox.world.world import WORKSPACE_PLATFORMS, World


class Sandbox:
    """Imitate Cal.com's API v2 on a loopback port, with a seeded organisation in memory.

    A context manager: the server runs in a thread of this process until the block ends.

    :param users: how many people ``/users`` lists, 300 by default.
    :param seed: seed of everything random.
    :param port: port to listen on; 0 for a free one.
    :param limit: default limit of an API key as ``(requests, window s, block s)``; None for no throttling
        and no rate limit headers.
    :param ooo: how many out-of-office entries; None for a third of the users.
    :param teams: how many teams; None for one per 25 users, 4 to 40.
    :param team_size: most members of one team, 200 by default.
    :param world: a world to serve instead of the seeded one; then ``keys`` is empty.
    :param clock: seconds, rising, for throttle and guards; the monotonic clock by default.
    :param faults: faults to start with, as for :meth:`Faults.set`.
    :param absent: short names of operations that this build does not have (404, as of unknown routes).
    :param broken: short names of operations that always end in an internal error.
    :param today: day, or moment with a zone, that the organisation lives in: absences, bookings and responses
        lie around it. None takes the environment variable ``CALCOM_SANDBOX_TODAY`` (ISO 8601), else the day
        that it is (UTC).
    :param workspace_platforms: slugs of the platforms that are set up for delegation credentials, both by
        default; an installation that was set up anew has none.
    :param live: let the world's clock follow this machine's, as receivers of its webhooks expect.
    :param sizes: how much lies beside people and teams, see
        :class:`~calcom_provider.sandbox.seed.settings.Sizes`: ``bookings``, ``tied``, ``event_types``,
        ``schedules``, ``routing_forms``, ``managed_organizations`` ...
    """

    def __init__(
        self,
        users: int = 300,
        seed: int = 20260316,
        port: int = 0,
        limit: tuple[Any, ...] | None = (120, 60.0, 60.0),
        *,
        ooo: int | None = None,
        teams: int | None = None,
        team_size: int = 200,
        world: World | None = None,
        clock: Callable[[], float] = time.monotonic,
        faults: dict[str, Any] | None = None,
        absent: Iterable[str] = (),
        broken: Iterable[str] = (),
        today: date | None = None,
        workspace_platforms: Iterable[str] = WORKSPACE_PLATFORMS,
        live: bool = False,
        **sizes: Any,
    ) -> None:
        self.seed = seed
        self._port = port
        self._shape = {"users": users, "ooo": ooo, "teams": teams, "team_size": team_size}
        self._given = world
        self._more = Sizes(**sizes)
        self._today = moment_of(today)
        self._live = live
        self._build = (frozenset(absent), frozenset(broken), frozenset(workspace_platforms))
        self.keys: dict[str, str] = {}
        self.organization_id = 0
        self.state = self._make()
        self.app = Application(self.state, limit, clock)
        self.gateway = Gateway(self.app, self)
        #: Sends webhooks to addresses on this machine, with faults; see :class:`Sender`.
        self.deliveries = Sender(lambda: self.state)
        self.gateway.after_each(self.deliveries.wake)
        if faults:
            self.gateway.faults.set(**faults)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    def _make(self) -> World:
        if self._given is not None:
            return self._given
        world = World(self.seed, now=self._today)
        world.absent, world.broken = set(self._build[0]), set(self._build[1])
        world.workspace_platforms = set(self._build[2])
        organization = _seed.Organization(world, **self._shape).build()  # type: ignore[arg-type]
        others = _seed.neighbours(world)
        self.keys = _seed.credentials(world, organization, others)
        More(world, organization.id, organization.members, others, self._more).build()
        self.organization_id = organization.id
        world.live = self._live
        return world

    # -- server ----------------

    def start(self) -> Sandbox:
        """Start the server and wait until it answers."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self._port))
        # Cutting connections is what faults do; the server need not tell of it
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        config = uvicorn.Config(
            self.gateway,
            http=self.gateway.protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            loop="asyncio",
            timeout_keep_alive=120,
            server_header=False,
            backlog=256,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="calcom-sandbox", daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("The sandbox did not start.")
            time.sleep(0.005)
        self.deliveries.start()
        return self

    def stop(self) -> None:
        """Stop the server; open connections are cut."""
        self.deliveries.stop()
        if self._server and self._thread:
            self._server.should_exit = True
            self._server.force_exit = True
            self._thread.join(timeout=10)
        if self._socket:
            self._socket.close()

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- what a user of it asks for ----------------

    @property
    def port(self) -> int:
        """Return the port that the sandbox listens at."""
        assert self._socket is not None, "the sandbox is not started"
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Return the base URL, with ``/v2``."""
        return f"http://127.0.0.1:{self.port}/v2"

    @property
    def faults(self) -> Faults:
        """Return the fault switches, see :class:`Faults`."""
        return self.gateway.faults

    def before_answer(self, callback: Callable[..., Any]) -> None:
        """Call back before each answer goes out, see :meth:`Faults.before_answer`."""
        self.gateway.faults.before_answer(callback)

    @contextmanager
    def paused(self) -> Iterator[World]:
        """Hold all requests while the state is read or changed."""
        with self.state.lock:
            yield self.state
        self.deliveries.wake()

    def stats(self) -> dict[str, Any]:
        """Count requests by operation and answers by status, and the rows that the organisation holds."""
        with self.state.lock:
            return {
                "requests": sum(self.app.requests.values()),
                "operations": dict(self.app.requests),
                "statuses": {str(status): count for status, count in self.app.statuses.items()},
                "rows": self.rows(),
            }

    def rows(self) -> dict[str, int]:
        """Count the rows of the organisation as a complete read would see them."""
        world, org_id = self.state, self.organization_id
        attributes = world.attributes.by("teamId", org_id)
        teams = world.teams.by("parentId", org_id)
        members = world.memberships.by("teamId", org_id)
        profiles = world.profiles.by("organizationId", org_id)
        return {
            "users": len(profiles),
            "memberships": len(members),
            "attributes": len(attributes),
            "attribute_options": sum(len(world.options.by("attributeId", row["id"])) for row in attributes),
            "attribute_assignments": sum(len(world.assignments.by("memberId", row["id"])) for row in members),
            "ooo_entries": sum(len(world.ooo.by("userId", row["userId"])) for row in profiles),
            "teams": len(teams),
            "team_memberships": sum(len(world.memberships.by("teamId", row["id"])) for row in teams),
            **counts(world, org_id),
        }

    def spend(self, key: str, requests: int) -> None:
        """Spend budget of a key, as another client on it would.

        :param key: name of the key in :attr:`keys`, or the key.
        :param requests: how many requests.
        """
        with self.state.lock:
            held = endpoints.bucket_of(self, self.keys.get(key, key))
            self.app.throttle.hit(held.tracker, self.app.limits_of(held), requests)

    def set_limits(self, key: str, limits: list[Any]) -> None:
        """Set the named limits of a key.

        Each is ``(name, requests, window s, block s)``; an empty list stands for the default.

        :param key: name of the key in :attr:`keys`, or the key.
        """
        with self.state.lock:
            row = self.state.api_keys.first("key", self.keys.get(key, key))
            if row is None:
                raise ValueError("No such key.")
            self.state.api_keys.update(row, limits=[tuple(limit) for limit in limits] or None)

    def reset(self) -> None:
        """Go back to the seeded state; the keys stay the same."""
        with self.app.world.lock:
            self.state = self.app.world = self._make()
            self.app.forget()
            self.gateway.faults.clear()
            self.deliveries.clear()
