"""Start the sandbox from a shell: ``calcom sandbox --users 300 --port 8080``."""

from __future__ import annotations

import argparse
import inspect
import re
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime

import orjson

from calcom_provider.sandbox.seed.settings import Sizes
from calcom_provider.sandbox.server import Sandbox


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until it is told to stop.

    :param arguments: words after the program's name; None takes those of the process.
    :returns: the exit code.
    """
    parser = argparse.ArgumentParser(
        prog="calcom sandbox",
        description="Imitate Cal.com's API v2 on a port of this machine; Ctrl-C or SIGTERM ends it.",
    )
    parser.add_argument("--users", type=int, default=300, help="people that /users lists (300)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (0)")
    parser.add_argument("--seed", type=int, default=20260316, help="seed of everything random (20260316)")
    parser.add_argument("--ooo", type=int, help="out-of-office entries (a third of the users)")
    parser.add_argument("--teams", type=int, help="teams (one per 25 users, 4 to 40)")
    parser.add_argument("--team-size", type=int, default=200, help="most members of a team (200)")
    parser.add_argument(
        "--limit", default="120/60/60", help="requests/window/block of a key, or «none» (120/60/60)"
    )
    parser.add_argument("--faults", default="{}", help="faults to start with, as JSON ({})")
    parser.add_argument(
        "--today",
        type=_day,
        help="day that it lives in, as 2026-03-16; CALCOM_SANDBOX_TODAY, else today (UTC)",
    )
    parser.add_argument("--live", action="store_true", help="let its clock follow this machine's")
    parser.add_argument("--json", action="store_true", help="print url and keys as one line of JSON")
    sizes = parser.add_argument_group("how much of what else")
    told = _explained(Sizes)
    for size in fields(Sizes):
        name = size.name.replace("_", "-")
        if isinstance(size.default, bool):
            sizes.add_argument(f"--{name}", action="store_true", help=told[size.name])
        else:
            default = "" if size.default is None else f" ({size.default})"
            sizes.add_argument(f"--{name}", type=int, default=size.default, help=told[size.name] + default)
    options = parser.parse_args(arguments)
    limit = None
    if options.limit != "none":
        count, window, block = options.limit.split("/")
        limit = (int(count), float(window), float(block))
    sandbox = Sandbox(
        options.users, options.seed, options.port, limit, ooo=options.ooo, teams=options.teams,
        team_size=options.team_size, today=options.today, faults=orjson.loads(options.faults),
        live=options.live,
        **{size.name: getattr(options, size.name) for size in fields(Sizes)},
    )  # fmt: skip
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with sandbox:
        known = {"url": sandbox.url, "organization_id": sandbox.organization_id, "keys": sandbox.keys}
        if options.json:
            line = orjson.dumps(known).decode()
        else:
            keys = "".join(f"  {name:26}{value}\n" for name, value in sandbox.keys.items())
            line = f"url           {sandbox.url}\norganization  {sandbox.organization_id}\nkeys\n{keys}"
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        stop.wait()
    return 0


def _day(text: str) -> date:
    """Read a day or a moment."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _explained(declared: type) -> dict[str, str]:
    """Return what the docstring of a class says of each of its fields, without the full stop."""
    parts = re.findall(r":param (\w+): (.+?)(?=\n:param|\Z)", inspect.getdoc(declared) or "", re.S)
    return {name: " ".join(text.replace("``", "").split()).rstrip(".") for name, text in parts}


if __name__ == "__main__":
    raise SystemExit(main())
