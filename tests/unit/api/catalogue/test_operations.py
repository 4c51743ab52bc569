"""The catalogue: complete, consistent in itself, found by every spelling of a name."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from calcom_provider.api.catalogue.operations import Catalogue, Operation, Rule, catalogue, resolve
from calcom_provider.api.errors import UnknownOperationError

ROOT = Path(__file__).resolve().parents[4]
OPERATIONS = list(catalogue().values())
COVERAGE = yaml.safe_load((ROOT / "tools" / "coverage.yaml").read_text(encoding="utf-8"))
VERBS_THAT_WRITE = {"POST", "PUT", "PATCH", "DELETE"}


def ids(operation: Operation) -> str:
    return operation.name


def test_every_operation_is_there() -> None:
    assert Counter(o.origin for o in OPERATIONS) == {"contract": 272, "newer": 10, "undocumented": 6}


def test_names_are_unique_and_of_one_form() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9_]+\.[a-z_]+", name)] == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids)
def test_operation_is_consistent(operation: Operation) -> None:
    in_path = re.findall(r"\{(\w+)\}", operation.path)
    assert [p.name for p in operation.at("path")] == in_path
    assert all(p.required for p in operation.at("path"))
    names = [p.name for p in operation.parameters]
    assert len(set(names)) == len(names)
    known = set(names)
    assert {n for rule in operation.rules for n in rule.names} <= known
    assert set(operation.resets) <= known
    assert set(operation.confirm_when) <= known
    assert set(operation.refused).isdisjoint(known)
    assert not operation.at("body") or operation.method in VERBS_THAT_WRITE
    assert operation.method != "GET" or operation.retry in ("read", "never")
    assert operation.version in (None, "2024-06-11", "2024-06-14", "2024-08-13", "2024-09-04")
    assert operation.auth
    assert set(operation.auth) <= {"api_key", "platform", "managed_user", "secret", "none"}
    assert not operation.path.startswith("/v2")


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.paging], ids=ids)
def test_paging_fits_the_parameters(operation: Operation) -> None:
    paging = operation.paging
    assert paging is not None
    if paging.kind == "none":
        return
    size, offset = operation.parameter(paging.size_name), operation.parameter(paging.offset_name)
    assert size is not None
    assert offset is not None
    assert 1 <= paging.size <= (paging.maximum or paging.size)
    assert size.maximum == paging.maximum
    assert offset.maximum == paging.offset_maximum


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids)
def test_parameter_facts_fit_each_other(operation: Operation) -> None:
    types = {"string", "integer", "number", "boolean", "array", "object", "any"}
    for p in operation.parameters:
        assert p.type in types, p
        assert (p.items is not None) == (p.type == "array"), p
        assert (p.array_style is not None) == (p.type == "array" and p.location == "query"), p
        assert p.minimum is None or p.type in ("integer", "number"), p
        if p.minimum is not None and p.maximum is not None:
            assert p.minimum <= p.maximum, p


def snake(operation_id: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", operation_id).lower()


@pytest.mark.parametrize("operation", OPERATIONS, ids=ids)
def test_every_spelling_resolves(operation: Operation) -> None:
    assert resolve(operation.name) is operation
    assert resolve(operation.id) is operation
    if operation.origin == "contract":
        assert resolve(f"cal_{snake(operation.id)}") is operation
        assert resolve(f"cal_platform_{snake(operation.id)}") is operation


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("cal_organizations_memberships_controller_get_all_memberships", "org_memberships.list"),
        ("cal_platform_me_controller_get_me", "me.get"),
        ("cal_organizations_users_ooocontroller_create_organization_user_ooo", "org_user_ooo.create"),
        ("cal_organizations_controller_create_organization", "managed_organizations.create"),
        ("BookingsController_getBookings", "bookings.list"),
    ],
)
def test_tool_server_spellings(spelling: str, name: str) -> None:
    assert resolve(spelling).name == name


@pytest.mark.parametrize(
    ("wrong", "nearest"),
    [
        ("org_membership.list", "org_memberships.list"),
        ("org_users.lst", "org_users.list"),
        ("MeController_getMee", "me.get"),
        ("cal_organizations_users_controller_get_organization_users", "org_users.list"),
    ],
)
def test_unknown_name_names_the_nearest(wrong: str, nearest: str) -> None:
    with pytest.raises(UnknownOperationError, match=re.escape(nearest)):
        resolve(wrong)


@given(st.sampled_from(OPERATIONS), st.data())
def test_one_letter_missing_still_finds_or_suggests(operation: Operation, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(operation.name) - 1))
    wrong = operation.name[:place] + operation.name[place + 1 :]
    try:
        found = resolve(wrong).name
    except UnknownOperationError as error:
        found = str(error)
    assert "." in found
    assert len(found) > len(wrong)


@given(st.text(max_size=40))
def test_any_text_resolves_or_is_refused(text: str) -> None:
    try:
        operation = resolve(text)
    except UnknownOperationError:
        return
    assert operation.id in catalogue()


def test_operations_are_built_on_demand() -> None:
    fresh = Catalogue(catalogue()._raw)
    assert len(fresh) == 288
    assert fresh._built == {}
    fresh.resolve("me.get")
    assert list(fresh._built) == ["MeController_getMe"]


def test_reading_the_catalogue_needs_no_http_library() -> None:
    code = (
        "import sys; from calcom_provider.api.catalogue.operations import resolve; resolve('me.get');"
        "print([m for m in ('requests', 'airflow', 'sqlalchemy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@given(
    st.sampled_from(["exactly_one", "at_least_one", "at_most_one", "together"]),
    st.lists(st.sampled_from("abc"), unique=True),
)
def test_rules_count_what_is_given(kind: str, present: list[str]) -> None:
    rule = Rule(kind, ("a", "b", "c"))  # type: ignore[arg-type]
    wanted = {
        "exactly_one": len(present) == 1,
        "at_least_one": len(present) >= 1,
        "at_most_one": len(present) <= 1,
        "together": len(present) in (0, 3),
    }[kind]
    given_values = dict.fromkeys(present, 1) | {"d": 5, "e": None}
    assert rule.broken_by(given_values) is not wanted


@pytest.mark.parametrize(
    ("system", "count"),
    [
        ("api_reference", 33),
        ("organization_tool_server", 37),
        ("platform_tool_server", 29),
        ("action_toolkit", 141),
    ],
)
def test_known_integrations_are_covered(system: str, count: int) -> None:
    names = {
        tool: operations if isinstance(operations, list) else [operations]
        for tool, operations in COVERAGE[system].items()
    }
    assert len(names) == count
    assert [t for t, found in names.items() if not all(n in catalogue().by_name for n in found)] == []


@pytest.mark.parametrize("system", ["api_reference", "organization_tool_server", "platform_tool_server"])
def test_tools_of_other_integrations_resolve_by_their_own_names(system: str) -> None:
    wrong = {tool: name for tool, name in COVERAGE[system].items() if resolve(tool).name != name}
    assert wrong == {}
