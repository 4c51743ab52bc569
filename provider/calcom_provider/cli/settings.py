"""Say what the commands would use, and where each value comes from; never a secret."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass
from typing import Any

import typer

from calcom_provider.cli import connection

#: What parameters of an address are called whose values are not shown.
SECRET_PART = re.compile("pass|token|secret|key|credential|signature|connection.string", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Setting:
    """Hold one setting as it would be used.

    :param name: what it is.
    :param value: its value; of a secret only whether there is one, of an address everything but the password.
    :param source: ``option``, the environment variable, or ``default``.
    """

    name: str
    value: str
    source: str


@connection.with_api
def config_command(
    context: typer.Context,
    *,
    api: connection.Api,
    to: connection.OptionalTarget = None,
    ledger: connection.LedgerUrl = None,
    as_json: connection.AsJson = False,
) -> int:
    """Print the settings that the commands would use and where each comes from; no secret, nothing is asked."""
    found = [
        _plain(context, "base URL", "base_url", api.base_url or "https://api.cal.com/v2"),
        _secret(api),
        _plain(context, "organisation", "organization_id", api.organization_id or "the credential's own"),
        _plain(context, "platform client", "client_id", api.client_id or "none"),
        _plain(
            context, "rate-limit state", "state_store", _masked(api.state_store) or "a folder of this user"
        ),
        _plain(context, "assumed limit", "assumed_limit", f"{api.assumed_limit} a minute"),
        _plain(context, "attempts", "attempts", api.attempts),
        _plain(context, "certificates", "ca_file", api.ca_file or "the system's"),
        _plain(context, "bounds", "bounds", api.bounds or "the usual ones"),
        _plain(context, "warehouse", "to", _masked(to) or "none"),
        _plain(context, "ledger", "ledger", _masked(ledger) or "none"),
        _given("key of hashed columns", connection.HASH_KEY),
    ]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found]))
        return 0
    width, middle = (max(len(getattr(one, name)) for one in found) for name in ("name", "value"))
    for one in found:
        typer.echo(f"{one.name:<{width}}  {one.value:<{middle}}  {one.source}")
    return 0


def _plain(context: typer.Context, name: str, parameter: str, value: Any) -> Setting:
    source = context.get_parameter_source(parameter)
    word = source.name.lower() if source else "default"
    if word == "environment":
        (option,) = (one for one in context.command.params if one.name == parameter)
        word = str(option.envvar)
    return Setting(name, str(value), "option" if word == "commandline" else word)


def _secret(api: connection.Api) -> Setting:
    """Tell where the key would come from."""
    if api.api_key_file:
        where = "standard input" if api.api_key_file == "-" else "a file"
        return Setting("API key", f"read from {where}", "option")
    return _given("client secret" if api.client_id else "API key", api.secret_variable)


def _given(name: str, variable: str) -> Setting:
    there = bool(os.environ.get(variable, "").strip())
    return Setting(name, "set" if there else "not set", variable if there else "default")


def _masked(url: str | None) -> str:
    """Return an address without its secrets; what is no address may hide one, so that it is not shown."""
    if not url or ("://" not in url and not set(url) & set("@:")):
        return url or ""  # a folder
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "set, but no address"
    secrets = {name: "***" for name in parsed.query if SECRET_PART.search(name)}
    return parsed.update_query_dict(secrets).render_as_string(hide_password=True)
