"""A stand-in for the part of the API that the measured pipelines read, too fast to be part of the result.

Rows are made and serialised once; a page is a slice of bytes. Binds to loopback. Besides the API's paths:

``GET /__stats``                    requests, answers 429, bytes, most requests in flight since the reset
``GET /__reset?latency=50``         zero the counters, set the latency of an answer in milliseconds
``GET /__reset?limit=120:60:60``    requests, seconds of window and of block; ``none`` for no limit
``GET /__change?every=100``         change one field of every so many-th row, in all lists
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import math
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

ORGANIZATION = 4242
ATTRIBUTES = 10
OPTIONS = 50
PER_PERSON = 4
KINDS = ("SINGLE_SELECT", "MULTI_SELECT", "TEXT", "NUMBER")
LABELS = (
    "Department",
    "Skill",
    "Cost centre",
    "Level",
    "Office",
    "Language",
    "Title",
    "Manager",
    "Region",
    "Badge",
)
ZONES = ("Europe/Zurich", "America/New_York", "Asia/Tokyo", "Africa/Nairobi")
REASONS = ("unspecified", "vacation", "travel", "sick", "public_holiday")
DAY_ONE = datetime(2022, 1, 1, tzinfo=UTC)


def moment(minutes: int) -> str:
    return (DAY_ONE + timedelta(minutes=minutes)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def attribute_id(number: int) -> str:
    return str(uuid.UUID(int=(0xA << 120) + number))


def option_id(attribute: int, number: int) -> str:
    return str(uuid.UUID(int=(0xB << 120) + attribute * 1000 + number))


def held_options(person: int) -> list[tuple[int, int]]:
    """Return the options of one person as (attribute, option)."""
    return [
        ((person + 3 * step) % ATTRIBUTES, (person // ATTRIBUTES + 11 * step) % OPTIONS)
        for step in range(PER_PERSON)
    ]


def user(number: int, mark: str) -> dict[str, Any]:
    return {
        "id": number,
        "username": f"person-{number}",
        "name": f"Person Übermann {number}",
        "email": f"person{number}@people.example.com",
        "emailVerified": moment(number) if number % 4 else None,
        "bio": f"Looks after {LABELS[number % 10].lower()} matters, part {number} of many.{mark}"
        if number % 5 < 2 or mark
        else None,
        "avatarUrl": f"https://images.example.com/avatars/{number:032x}.png" if number % 3 else None,
        "timeZone": ZONES[number % 4],
        "weekStart": "Monday",
        "appTheme": None,
        "theme": None,
        "defaultScheduleId": number + 500_000 if number % 7 else None,
        "locale": "de" if number % 2 else "en",
        "timeFormat": 24 if number % 2 else 12,
        "hideBranding": False,
        "brandColor": "#102030" if number % 9 == 0 else None,
        "darkBrandColor": None,
        "allowDynamicBooking": True,
        "createdDate": moment(number * 7),
        "verified": number % 8 == 0,
        "invitedTo": None,
        "metadata": {"staffNumber": f"S{number:06d}"} if number % 2 else {},
        "profile": {
            "id": number + 900_000,
            "organizationId": ORGANIZATION,
            "userId": number,
            "username": f"person-{number}",
        },
    }


def membership(number: int, mark: str) -> dict[str, Any]:
    embedded = [
        {
            "id": attribute_id(attribute),
            "name": LABELS[attribute],
            "type": "text",
            "option": f"{LABELS[attribute]} {option:02d}",
            "optionId": option_id(attribute, option),
        }
        for attribute, option in held_options(number)
    ]
    return {
        "id": 3_000_000 + number,
        "userId": number,
        "teamId": ORGANIZATION,
        "accepted": number % 30 != 0,
        "role": "ADMIN" if number % 60 == 0 else "MEMBER",
        "disableImpersonation": bool(mark),
        "user": {
            "avatarUrl": f"https://images.example.com/avatars/{number:032x}.png" if number % 3 else None,
            "username": f"person-{number}",
            "name": f"Person Übermann {number}",
            "email": f"person{number}@people.example.com",
            "bio": f"Looks after {LABELS[number % 10].lower()} matters." if number % 5 < 2 else None,
            "metadata": {},
        },
        "attributes": embedded,
    }


def entry(number: int, mark: str) -> dict[str, Any]:
    first = number % 1500 * 1440
    return {
        "id": number,
        "uuid": str(uuid.UUID(int=number * 0x9E3779B97F4A7C15 % (1 << 128))),
        "userId": number,
        "toUserId": number + 1 if number % 3 == 0 else None,
        "start": moment(first),
        "end": moment(first + 1440 * (1 + number % 12)).replace("00:00:00.000", "23:59:59.999"),
        "reason": REASONS[number % 5],
        "notes": f"Back soon, ask a colleague.{mark}" if number % 2 or mark else None,
    }


def attribute(number: int) -> dict[str, Any]:
    label = LABELS[number]
    return {
        "id": attribute_id(number),
        "teamId": ORGANIZATION,
        "type": KINDS[number % 4],
        "name": label,
        "slug": label.lower().replace(" ", "-"),
        "enabled": True,
        "usersCanEditRelation": False,
    }


def option(of: int, number: int, mark: str = "") -> dict[str, Any]:
    value = f"{LABELS[of]} {number:02d}{mark}"
    return {
        "id": option_id(of, number),
        "attributeId": attribute_id(of),
        "value": value,
        "slug": value.lower().replace(" ", "-"),
    }


class Pages:
    """Rows serialised one after another, with the place of each."""

    def __init__(self, rows: Iterable[dict[str, Any]], take: int, most: int) -> None:
        self.take, self.most = take, most
        self.ends = [0]
        parts = []
        for row in rows:
            parts.append(orjson.dumps(row) + b",")
            self.ends.append(self.ends[-1] + len(parts[-1]))
        self.bytes = memoryview(b"".join(parts))

    def page(self, skip: int, take: int) -> bytes:
        count = len(self.ends) - 1
        first, last = min(skip, count), min(skip + take, count)
        if first == last:
            return b'{"status":"success","data":[]}'
        return b'{"status":"success","data":[%b]}' % self.bytes[self.ends[first] : self.ends[last] - 1]


def lists_of(people: int, every: int) -> dict[str, Pages]:
    """Make every list; each `every`-th row is another one than without (0: none)."""

    def mark(number: int) -> str:
        return f" Changed {every}." if every and number % every == 0 else ""

    def rows(make: Callable[[int, str], dict[str, Any]]) -> Iterable[dict[str, Any]]:
        return (make(number, mark(number)) for number in range(1, people + 1))

    holders: dict[tuple[int, int], list[int]] = {}
    for person in range(1, people + 1):
        for held in held_options(person):
            holders.setdefault(held, []).append(person)
    base = f"/v2/organizations/{ORGANIZATION}"
    made = {
        f"{base}/users": Pages(rows(user), 250, 1000),
        f"{base}/memberships": Pages(rows(membership), 250, 250),
        f"{base}/ooo": Pages(rows(entry), 250, 250),
        f"{base}/attributes": Pages(map(attribute, range(ATTRIBUTES)), 250, 250),
    }
    unpaged = 1 << 40
    for of in range(ATTRIBUTES):
        options = [option(of, number) for number in range(OPTIONS)]
        path = f"{base}/attributes/{attribute_id(of)}/options"
        made[path] = Pages(options, unpaged, unpaged)
        made[f"{path}/assigned"] = Pages(
            (row | {"assignedUserIds": holders.get((of, number), [])} for number, row in enumerate(options)),
            250,
            unpaged,
        )
    return made


@dataclass
class Limit:
    """A fixed window that begins with its first request, and a block that begins with the first refusal."""

    requests: int
    window: float
    block: float
    spent: int = 0
    ends: float = 0.0
    blocked: float = 0.0

    def hit(self, now: float) -> tuple[bool, int, int]:
        if now >= self.ends:
            self.spent, self.ends = 0, now + self.window
        self.spent += 1
        if now >= self.blocked and self.spent > self.requests:
            self.blocked = now + self.block
        if now < self.blocked:
            return False, 0, math.ceil(self.blocked - now)
        return True, self.requests - self.spent, math.ceil(self.ends - now)


@dataclass
class World:
    people: int
    latency: float = 0.0
    limit: Limit | None = None
    every: int = 0
    lists: dict[str, Pages] = field(default_factory=dict)
    requests: int = 0
    refused: int = 0
    sent: int = 0
    in_flight: int = 0
    most_in_flight: int = 0

    def build(self) -> None:
        gc.disable()
        self.lists = lists_of(self.people, self.every)
        gc.enable()
        gc.freeze()

    def control(self, path: str, query: dict[str, str]) -> bytes:
        if path == "/__change":
            self.every = int(query["every"])
            self.build()
        elif path == "/__reset":
            if "latency" in query:
                self.latency = float(query["latency"]) / 1000
            if "limit" in query:
                parts = query["limit"].split(":")
                self.limit = (
                    Limit(int(parts[0]), float(parts[1]), float(parts[2])) if len(parts) == 3 else None
                )
            self.requests = self.refused = self.sent = self.most_in_flight = 0
        return orjson.dumps(
            {
                "requests": self.requests,
                "throttled": self.refused,
                "bytes": self.sent,
                "max_inflight": self.most_in_flight,
                "lists": {path: len(pages.bytes) for path, pages in self.lists.items()},
            }
        )


class Connection(asyncio.Protocol):
    """Answer the requests of one connection."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.buffer = b""
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            self.take(head)

    def take(self, head: bytes) -> None:
        target = urlsplit(head.split(b" ", 2)[1].decode())
        query = dict(parse_qsl(target.query))
        world = self.world
        if target.path.startswith("/__"):
            self.answer(200, world.control(target.path, query), counted=False)
            return
        world.requests += 1
        world.in_flight += 1
        world.most_in_flight = max(world.most_in_flight, world.in_flight)
        if world.latency:
            self.loop.call_later(world.latency, self.respond, head, target.path, query)
        else:
            self.respond(head, target.path, query)

    def respond(self, head: bytes, path: str, query: dict[str, str]) -> None:
        world, more = self.world, b""
        world.in_flight -= 1
        if world.limit is not None:
            allowed, left, reset = world.limit.hit(time.monotonic())
            more = b"".join(
                b"X-RateLimit-%b-Default: %d\r\n" % pair
                for pair in ((b"Limit", world.limit.requests), (b"Remaining", left), (b"Reset", reset))
            )
            if not allowed:
                world.refused += 1
                self.answer(429, b'{"status":"error","error":{"code":"ThrottlerException"}}', more)
                return
        pages = world.lists.get(path)
        if b"\r\nauthorization:" not in head.lower():
            self.answer(401, b'{"status":"error","error":{"code":"UnauthorizedException"}}', more)
        elif pages is None:
            self.answer(404, b'{"status":"error","error":{"code":"NotFoundException"}}', more)
        else:
            take = int(query.get("take", pages.take))
            if 1 <= take <= pages.most:
                self.answer(200, pages.page(int(query.get("skip", 0)), take), more)
            else:
                self.answer(400, b'{"status":"error","error":{"code":"BadRequestException"}}', more)

    def answer(self, status: int, body: bytes, more: bytes = b"", *, counted: bool = True) -> None:
        self.world.sent += len(body) * counted
        head = (
            b"HTTP/1.1 %d -\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n%b\r\n"
        )
        self.transport.write(head % (status, len(body), more) + body)


async def serve(world: World, port: int) -> None:
    world.build()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(world), "127.0.0.1", port)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rows", type=int, default=50_000)
    chosen = parser.parse_args()
    try:
        from uvloop import run
    except ModuleNotFoundError:
        run = asyncio.run
    run(serve(World(chosen.rows), chosen.port))


if __name__ == "__main__":
    main()
