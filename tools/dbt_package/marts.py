"""The marts: the SQL of the reporting views, spelled for each database, over the staging models."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source
from calcom_provider.reporting.views import VIEWS
from calcom_provider.warehouse.backends.views import Views
from dbt_package.held import HISTORY, LEDGER, OWN, columns_of, staged, using, values_in
from dbt_package.sql_layout import merged
from dbt_package.targets import TARGETS

#: What stands in the SQL for the prefix of the tables and for their schema, until both are replaced.
PREFIX, SCHEMA = "prefix_of_the_warehouse_", "of_dbt"
_TABLE = re.compile(rf"\b{SCHEMA}\.{PREFIX}(\w+)")
_LEDGER = re.compile(rf"\bcalcom_{LEDGER}(\w+)(?= AS )")
#: Resources that views have together or not at all.
TOGETHER: Mapping[str, tuple[str, ...]] = {
    "attributes": ("attributes", "attribute_options", "attribute_assignments")
}
#: Parts of the report page -> title, views that they show.
PAGE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "absences": ("Who is out, and is every team covered?", ("fct_ooo_day", "rpt_team_coverage_day")),
    "attributes": (
        "Who has which attribute, and is each option covered?",
        ("dim_member_attribute", "rpt_headcount_by_attribute_day", "rpt_attribute_coverage_day"),
    ),
    "bookings": (
        "Bookings, hosts and conflicts",
        ("dim_event_type", "rpt_host_week", "rpt_ooo_booking_conflict"),
    ),
    "routing": ("What became of answers to routing forms", ("rpt_routing_outcome",)),
    "health": ("Syncs: freshness and costs", ("rpt_sync_health",)),
    "write_back": ("Write-backs and what was refused", ("rpt_write_back",)),
}


class _Watched(Source):
    """Remember which tables a view asked for."""

    asked: set[str]

    def has(self, name: str, *columns: str) -> bool:
        self.asked.add(name)
        return super().has(name, *columns)

    def has_ledger(self, *names: str) -> bool:
        self.asked |= {LEDGER + name for name in names}
        return super().has_ledger(*names)


def resources(option: str) -> tuple[str, ...]:
    """Return the resources that an option stands for."""
    return TOGETHER.get(option, (option,))


def condition(option: str) -> str:
    """Return the expression of Jinja that tells whether an option's resources are synced."""
    return " and ".join(f"var('{using(one)}')" for one in resources(option))


def needed(view: View) -> list[str]:
    """Return the variables without which a view has nothing to show."""
    models = staged()
    found = {models[table].uses for table in view.needs if table in models and models[table].uses}
    return sorted(found | ({using("write_back")} if view.ledger else set()))


def sql(view: View, spelling: Views, history: bool, options: Collection[str]) -> str:
    """Return the statement of a view over the staging models.

    :param history: whether versions are kept where they are by default.
    :param options: what is synced besides what the view needs, by the names of :func:`options`.
    """
    text = spelling.sql_text(_select(view.name, history, frozenset(options)))
    assert not re.search(r"\{[{%#]", text), f"{view.name}: SQL that Jinja would take for its own"
    return text


@functools.cache
def _select(name: str, history: bool, options: frozenset[str]) -> sa.Select[Any]:
    used = {using(one) for option in options for one in resources(option)} | set(needed(_named(name)))
    source = _source(used, history)
    view = _named(name)
    assert view.missing(source) is None, f"{name}: {view.missing(source)}"
    return view.select(source)


def _source(used: Collection[str], history: bool) -> _Watched:
    held = {PREFIX + table.name: {c.name: c.type for c in table.columns} for table, _ in OWN.values()}
    ledger = {}
    for table, one in staged().items():
        if one.ledger and one.uses in used:
            ledger["calcom_" + table] = columns_of(one, history)
        elif not one.ledger and (not one.uses or one.uses in used):
            held[PREFIX + table] = dict(columns_of(one, history))
    # What a select is does not depend on who spells it, as long as nobody needs lookups repeated.
    assert not any(spelling.repeats_lookups for spelling in TARGETS.values())
    source = _Watched(held, views=TARGETS["duckdb"], prefix=PREFIX, schema=SCHEMA, ledger=ledger)
    source.asked = set()
    return source


@functools.cache
def options(view: str) -> tuple[str, ...]:
    """Return what a view asks for and does without, by name: resources, or the names of :data:`TOGETHER`."""
    models = staged()
    source = _source({one.uses for one in models.values()}, True)
    _named(view).select(source)
    free = {models[table].uses for table in source.asked if table in models} - {"", *needed(_named(view))}
    named = {one.removeprefix(using("")) for one in free}
    return tuple(
        sorted({next((name for name, parts in TOGETHER.items() if one in parts), one) for one in named})
    )


def _named(name: str) -> View:
    return next(one for one in VIEWS if one.name == name)


def _with_references(text: str) -> str:
    """Put references to models in place of tables, and the variable in place of the prefix."""
    text = _TABLE.sub(lambda found: _ref(found[1]), text)
    text = _LEDGER.sub(lambda found: _ref(LEDGER + found[1]), text)
    return text.replace(PREFIX, "{{ var('calcom_prefix') }}")


def _ref(table: str) -> str:
    model = OWN[table][1] if table in OWN else staged()[table].model
    return f"{{{{ ref('{model}') }}}}"


def flags(view: View) -> Mapping[str, str]:
    """Return the conditions on which a view's statement depends, by name: its options and ``history``."""
    return _flags(view.name)


@functools.cache
def _flags(name: str) -> Mapping[str, str]:
    view, spelling = _named(name), TARGETS["duckdb"]
    whole = set(options(name))
    full = sql(view, spelling, True, whole)
    found = {one: condition(one) for one in options(name) if sql(view, spelling, True, whole - {one}) != full}
    return found | ({"history": HISTORY} if sql(view, spelling, False, whole) != full else {})


def variants(view: View) -> list[dict[str, bool]]:
    """Return all values that the conditions of a view can have together."""
    names = list(flags(view))
    return [
        dict(zip(names, chosen, strict=True))
        for chosen in itertools.product((True, False), repeat=len(names))
    ]


def macro(view: View, target: str) -> str:
    """Return the file with the macro that spells a view for one database."""
    conditions = flags(view)
    names = {shown: name for name, shown in conditions.items()}

    def statement(values: dict[str, bool]) -> str:
        chosen = {names[one] for one, holds in values.items() if holds}
        return sql(view, TARGETS[target], "history" in chosen, chosen - {"history"})

    body = merged(list(conditions.values()), statement)
    body = [_with_references(line) for line in body]
    return "\n".join([f"{{% macro {target}__{view.name}() %}}", *body, "{% endmacro %}", ""])


def enabled(view: View) -> str:
    """Return the expression of Jinja that tells whether a view has something to show."""
    return " and ".join(f"var('{one}')" for one in needed(view)) or "true"


def model(view: View) -> str:
    """Return the file of a mart's model.

    The macros are called by their places in the package too, so that dbt finds the references of each.
    """
    return f"{{{{ config(enabled={enabled(view)}) }}}}\n\n{{{{ adapter.dispatch('{view.name}', 'calcom')() }}}}\n"


def name_of(view: View) -> str:
    """Return the name of a mart's model."""
    return f"calcom__{view.name}"


def described() -> dict[str, Any]:
    """Return the description of the marts, with their tests."""
    return {"version": 2, "models": [_described(view) for view in VIEWS]}


def _described(view: View) -> dict[str, Any]:
    columns = []
    for name, said in view.columns.items():
        column: dict[str, Any] = {"name": name, "description": said}
        tests: list[Any] = ["not_null"] if name in view.key and "null" not in said else []
        if values := values_in(said):
            tests.append({"accepted_values": {"arguments": {"values": values}}})
        columns.append(column | ({"data_tests": tests} if tests else {}))
    key = [*view.key]
    return {
        "name": name_of(view),
        "description": view.comment,
        "data_tests": [
            {"calcom.unique_combination_of_columns": {"arguments": {"combination_of_columns": key}}}
        ],
        "columns": columns,
    }


def exposures() -> dict[str, Any]:
    """Return the parts of the report page as exposures, each with the marts that it shows."""
    by_name = {view.name: view for view in VIEWS}
    found = []
    for name, (label, views) in PAGE.items():
        conditions = sorted({f"var('{one}')" for view in views for one in needed(by_name[view])})
        found.append(
            {
                "name": f"calcom_report_{name}",
                "label": label,
                "type": "dashboard",
                "maturity": "high",
                "description": "Part of the page that `calcom reports render` writes.",
                "config": {"enabled": f"{{{{ ({' and '.join(conditions) or 'true'}) | as_bool }}}}"},
                "owner": {"name": "Owners of the Cal.com warehouse"},
                "depends_on": [f"ref('{name_of(by_name[view])}')" for view in views],
            }
        )
    return {"version": 2, "exposures": found}
