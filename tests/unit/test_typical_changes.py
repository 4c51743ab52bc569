"""Each of the six typical changes touches at most three files, as CONTRIBUTING.md says, and they suffice.

A database is made from one module in ``tests/integration/warehouse/test_toy_backend.py``; the others are made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from calcom_provider.api.catalogue.operations import Paging, resolve
from calcom_provider.api.http.auth import ApiKey
from calcom_provider.api.http.transport import Request, Response
from calcom_provider.hr.plan import guards
from calcom_provider.hr.plan.guards import Confirmation, GuardLimits
from calcom_provider.hr.plan.model import Verdict
from calcom_provider.hr.sources import mapping
from calcom_provider.reporting import views
from calcom_provider.reporting.building import build
from calcom_provider.resources import registry
from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.declarations import teams
from calcom_provider.resources.model import ORGANIZATION, Read, Resource, integer, text
from calcom_provider.sandbox import Sandbox
from calcom_provider.sync import sync
from calcom_provider.warehouse import Warehouse
from calcom_provider.warehouse.schema import Table
from tests.plugins.api import FakeTransport, client_for, json_response

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "provider" / "calcom_provider"
MOST = 3
#: What stands for NAME in the table: a file of that kind that there is.
NAMES = {
    "warehouse/backends": "sqlite",
    "hr/sources/mappings": "ical",
    "reporting/views": "hosts",
}
FILE = re.compile(r"`([^`\s]+(?:\.(?:py|yaml|rst|toml|json)|/…|/))`")


def rows() -> dict[str, str]:
    """Return what the table says of each change."""
    section = (
        (ROOT / "CONTRIBUTING.md").read_text().partition("## Six typical changes")[2].partition("\n## ")[0]
    )
    cells = [line.strip("| ").split(" | ", 1) for line in section.splitlines() if line.startswith("| ")]
    return {change: files for change, files in cells if change != "change"}


def written_by_hand(said: str) -> list[str]:
    """Return the files of a row without those that are written by a command."""
    return FILE.findall(re.sub(r"\*Generated:\*.*?(?:\. (?=[A-Z])|$)", "", said))


def place(name: str) -> Path:
    """Return where a file of the table is."""
    top = name.partition("/")[0] in {"docs", "tools", "dbt"} or "/" not in name
    folder = str(Path(name).parent)
    shown = name.replace("NAME", NAMES.get(folder, "NAME")).removesuffix("…")
    return (ROOT if top else PACKAGE) / shown


def test_the_six_are_there() -> None:
    assert list(rows()) == ["a table", "a database", "a mapping", "a guard", "a view", "a paging rule"]


@pytest.mark.parametrize("change", rows())
def test_a_change_touches_at_most_three_files_and_they_exist(change: str) -> None:
    said = rows()[change]
    by_hand = written_by_hand(said)
    assert 1 <= len(set(by_hand)) <= MOST, by_hand
    assert [name for name in FILE.findall(said) if not place(name).exists()] == []


def test_files_that_a_command_writes_are_told_apart() -> None:
    assert written_by_hand("`a.py`; `docs/b.rst`. *Generated:* `c.json` (`make c`)") == ["a.py", "docs/b.rst"]
    assert written_by_hand("`a.py`. *Generated:* `c.json` (`make c`). Also `d.py`") == ["a.py", "d.py"]


@pytest.fixture
def toy_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resource]:
    toy = Resource(
        "toy_teams",
        "teams",
        Read("org_teams.list"),
        Table(
            "toy_teams",
            (ORGANIZATION, integer("id", nullable=False), integer("head_id"), text("name")),
            key=("organization_id", "id"),
        ),
        subject=Subject(user=("head_id",)),
    )
    monkeypatch.setattr(teams, "RESOURCES", (*teams.RESOURCES, toy))
    registry.catalogue.cache_clear()
    yield toy
    registry.catalogue.cache_clear()


def test_a_table_is_its_declaration(toy_table: Resource, tmp_path: Path) -> None:
    assert registry.subjects()["toy_teams"] == Subject(user=("head_id",))
    with Sandbox(users=3, limit=None) as sandbox:
        client = client_for(sandbox.url, auth=ApiKey(sandbox.keys["admin"]), organization_id=None)
        warehouse = Warehouse(f"sqlite:///{tmp_path / 'w.db'}")
        found = sync(client, warehouse, resources=["teams", "toy_teams"])
        client.close()
        warehouse.close()
    count = {one.table: (one.rows_read, one.complete) for one in found.tables}
    assert count["toy_teams"] == count["teams"]
    assert count["toy_teams"][0] > 0


def test_a_view_is_its_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "views"
    folder.mkdir()
    (folder / "toy_of_a_test.py").write_text(
        "import sqlalchemy as sa\n"
        "from calcom_provider.reporting.model import View\n"
        "TOY = View('rpt_toy', 'A toy', {'answer': 'what it is'}, key=('answer',), needs={'items': ()},\n"
        "           resources=(), select=lambda source: sa.select(sa.literal(42).label('answer')))\n"
    )
    monkeypatch.setattr(views, "__path__", [*views.__path__, str(folder)])
    found = views._declared()
    assert {one.name for one in found} - {one.name for one in views.VIEWS} == {"rpt_toy"}
    monkeypatch.setattr(build, "VIEWS", found)
    url = f"sqlite:///{tmp_path / 'w.db'}"
    with sa.create_engine(url).begin() as database:
        database.exec_driver_sql("CREATE TABLE calcom_items (id INTEGER)")
    with build.Reports(url) as reports:
        assert {one.name: one.status for one in reports.create()}["rpt_toy"] == "created"
    with sa.create_engine(url).connect() as database:
        assert database.exec_driver_sql("SELECT answer FROM rpt_toy").scalar() == 42


def test_a_mapping_is_its_file_and_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = PACKAGE / "hr" / "sources" / "mappings"
    assert sorted(mapping.SHIPPED) == sorted(path.stem for path in folder.glob("*.yaml"))
    page = (ROOT / "docs" / "hr-mappings.rst").read_text()
    assert [name for name in mapping.SHIPPED if f"``{name}``" not in page] == []
    toy = tmp_path / "toy.yaml"
    toy.write_text((folder / "ical.yaml").read_text().replace("name: ical", "name: toy"))
    loaded = mapping.load_mapping(toy)
    assert loaded.name == "toy"
    assert replace(loaded, name="ical") == mapping.load_mapping("ical")


def test_a_guard_is_its_name_its_limit_and_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "write-back.rst").read_text()
    assert [name for name in guards.GUARDS if f"\n``{name}`` " not in page] == []
    limits = {one.name.removesuffix("_days_floor").removesuffix("_floor") for one in fields(GuardLimits)}
    assert limits <= set(guards.GUARDS)
    monkeypatch.setattr(guards, "GUARDS", {**guards.GUARDS, "toy": "Toys that vanish"})
    refusal = Verdict("toy", False, 3, 1)
    assert Confirmation.of({"toy": 3}).covers(refusal, "hash")
    assert not Confirmation.of({"toy": 2}).covers(refusal, "hash")


def test_a_paging_rule_is_data_of_the_operation() -> None:
    asked: list[dict[str, list[str]]] = []

    def answer(request: Request) -> Response:
        query = parse_qs(urlsplit(request.url).query)
        asked.append(query)
        first = int(query.get("offset", ["0"])[0])
        return json_response(
            200, {"status": "success", "data": [{"id": n} for n in range(first, min(first + 3, 7))]}
        )

    listed = resolve("oauth_client_users.list")
    assert listed.paging is not None
    assert (listed.paging.kind, listed.paging.size, listed.paging.offset_maximum) == (
        "limit_offset",
        250,
        250,
    )
    other = replace(listed, paging=Paging("limit_offset", size=3, maximum=3, order="number"))
    with client_for(transport=FakeTransport(answer), concurrency=1) as client:
        reader = client.pages(other, clientId="c")
        ids = {row["id"] for page in reader for row in page.rows or ()}
    assert reader.complete, reader.reason
    assert ids == set(range(7))
    assert {one for query in asked for one in query["limit"]} <= {"3", "1"}
    assert "3" in asked[0]["limit"]
