"""Fields that this version does not know, through a whole sync."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from calcom_provider.api.http.transport import Request, Response
from calcom_provider.resources.errors import SchemaChangedError
from calcom_provider.resources.policy import ColumnPolicy
from calcom_provider.sync import SyncOptions, SyncResult, sync
from calcom_provider.warehouse import SchemaConflictError, Warehouse
from tests.plugins.api import FakeTransport, client_for, json_response


class People:
    """Answer the users of an organisation with whatever rows the test wants."""

    def __init__(self, url: str) -> None:
        self.rows: list[dict[str, Any]] = []
        self.warehouse = Warehouse(url)
        self.engine = sa.create_engine(url)
        self.client = client_for(transport=FakeTransport(self.answer))

    def answer(self, request: Request) -> Response:
        return json_response(200, {"status": "success", "data": self.rows})

    def sync(self, evolution: str) -> SyncResult:
        policy = ColumnPolicy(schema_evolution=evolution)  # type: ignore[arg-type]
        return sync(self.client, self.warehouse, resources="users", options=SyncOptions(policy=policy))

    def column(self, name: str) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(sa.text(f"SELECT {name} FROM calcom_users ORDER BY id")).scalars())

    @property
    def columns(self) -> set[str]:
        return {column["name"] for column in sa.inspect(self.engine).get_columns("calcom_users")}


@pytest.fixture(params=["sqlite", "postgres"])
def people(request: pytest.FixtureRequest) -> Iterator[People]:
    made = People(str(request.getfixturevalue(f"{request.param}_url")))
    made.rows = [
        {"id": 1, "email": "a@example.test"},
        {"id": 2, "email": "b@example.test", "jobTitle": "Cook"},
    ]
    yield made
    made.client.close()
    made.warehouse.close()
    made.engine.dispose()


def test_unknown_fields_are_kept_as_json(people: People) -> None:
    people.rows[1]["apiToken"] = "hidden"
    people.sync("extra")
    kept = [json.loads(value) if isinstance(value, str) else value for value in people.column("_extra")]
    assert kept == [None, {"jobTitle": "Cook"}]
    assert people.sync("extra").rows_changed == 0
    people.rows[0]["jobTitle"] = "Smith"
    assert people.sync("extra").rows_changed == 1


def test_unknown_fields_become_columns(people: People) -> None:
    people.sync("evolve")
    assert people.column("job_title") == [None, "Cook"]
    assert people.sync("evolve").rows_changed == 0
    people.rows[0]["jobTitle"] = "Smith"
    people.rows[0]["level"] = 3
    third = people.sync("evolve")
    # A new column is part of every row.
    assert third.rows_changed == 2
    assert any("level" in change for change in third.tables[0].schema_changes)
    assert people.column("job_title") == ["Smith", "Cook"]
    assert people.column("level") == [3, None]


def test_an_added_column_survives_a_run_in_which_nobody_has_the_field(people: People) -> None:
    people.sync("evolve")
    del people.rows[1]["jobTitle"]
    people.sync("evolve")
    assert "job_title" in people.columns
    people.rows[0]["jobTitle"] = "Smith"
    people.sync("evolve")
    assert people.column("job_title")[0] == "Smith"


def test_a_frozen_schema_fails_and_writes_nothing(people: People) -> None:
    with pytest.raises(SchemaChangedError, match="jobTitle"):
        people.sync("freeze")
    assert "calcom_users" not in sa.inspect(people.engine).get_table_names()
    del people.rows[1]["jobTitle"]
    people.sync("freeze")
    assert "_extra" not in people.columns


@pytest.mark.parametrize("evolution", ["evolve", "extra"])
def test_a_field_that_cannot_be_a_column_stays_aside(people: People, evolution: str) -> None:
    """docs/warehouse.rst: "fields that can't be columns stay in ``_extra``"."""
    odd: dict[str, Any] = {
        "": 1,
        "_calcom_run_id": "mine",
        'a"b': 2,
        "x" * 80: 3,
        ":p": 4,
        "_calcomRowHash": 5,
    }
    people.rows = [{"id": 1, "name": "Ada", "shoeSize": 38, **odd}, {"id": 2, "name": "Bo"}]
    for _ in range(2):
        assert people.sync(evolution).tables[0].complete
        kept = people.column("_extra")
        extra = json.loads(kept[0]) if isinstance(kept[0], str) else kept[0]
        assert {name: extra[name] for name in odd} == odd
        assert ("shoeSize" in extra) == (evolution == "extra")
        assert people.column("_calcom_run_id") != ["mine", "mine"]


def test_a_type_that_changes_in_an_added_column_fails(people: People) -> None:
    people.sync("evolve")
    people.rows[0]["jobTitle"] = {"name": "Smith"}
    with pytest.raises(SchemaConflictError, match="job_title"):
        people.sync("evolve")
    assert people.column("job_title") == [None, "Cook"]
