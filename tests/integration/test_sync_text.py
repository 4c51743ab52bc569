"""Texts that no database takes as they are, from the wire to the table."""

from __future__ import annotations

from typing import Any

from calcom_provider.sync import sync
from calcom_provider.warehouse import Warehouse
from tests.plugins.api import Reply, client_for


def test_half_an_emoji_becomes_a_replacement_character(http_server: Any, warehouse_url: str) -> None:
    """docs/warehouse.rst: "lone surrogates [...] become U+FFFD where the database refuses them; the run record
    counts them in ``replaced_characters``"."""
    body = rb'{"status":"success","data":[{"id":1,"name":"cut \ud83d","metadata":{"note":"\ud83d","n":1}}]}'
    http_server.answer = lambda seen: Reply(200, body)
    warehouse = Warehouse(warehouse_url)
    with client_for(http_server.url) as client:
        (result,) = sync(client, warehouse, resources="users").tables
        assert result.complete
        assert result.replaced_characters >= 1
        session = warehouse.backend.connect()
        assert session.fetch("SELECT id, name FROM calcom_users") == [(1, "cut \N{REPLACEMENT CHARACTER}")]
        session.close()
        (again,) = sync(client, warehouse, resources="users").tables
        assert again.changed == 0
    warehouse.close()
