"""Start the sandbox from a shell: ``python -m calcom_provider.sandbox --users 300 --port 0``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import fields

import orjson

from calcom_provider.sandbox.seed_settings import Sizes
from calcom_provider.sandbox.server import Sandbox


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sandbox until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m calcom_provider.sandbox", description=__doc__)
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
    parser.add_argument("--json", action="store_true", help="print url and keys as one line of JSON")
    for size in fields(Sizes):
        name = size.name.replace("_", "-")
        if isinstance(size.default, bool):
            parser.add_argument(f"--{name}", action="store_true", help=f"see Sizes.{size.name}")
        else:
            parser.add_argument(f"--{name}", type=int, default=size.default, help=f"see Sizes.{size.name}")
    options = parser.parse_args(arguments)
    limit = None
    if options.limit != "none":
        count, window, block = options.limit.split("/")
        limit = (int(count), float(window), float(block))
    sandbox = Sandbox(
        options.users, options.seed, options.port, limit, ooo=options.ooo, teams=options.teams,
        team_size=options.team_size, faults=orjson.loads(options.faults),
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


if __name__ == "__main__":
    raise SystemExit(main())
