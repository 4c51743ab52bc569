"""The staging models and their sources: one for each table, with the columns that the declaration names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from calcom_provider.warehouse.run import Deletes, Mode
from calcom_provider.warehouse.schema import Column
from dbt_package.held import HISTORY, OWN, VERSIONS, Staged, staged, values_in

#: Values of columns that are declared in code, by table and column. ``auto`` is a wish, never what was done.
VALUES = {
    ("sync_run_resources", "mode"): sorted(set(get_args(Mode)) - {"auto"}),
    ("sync_run_resources", "deletes"): sorted(get_args(Deletes)),
}
Yaml = dict[str, Any]


def model(one: Staged) -> str:
    """Return the file of a staging model."""
    reference = f"source('{one.source}', '{one.table.name}')"
    columns = [f"            ['{column.name}', '{column.type}']" for column in one.columns]
    lines = [f"{{{{ config(enabled={enabled(one)}) }}}}", ""] if one.uses else []
    lines += ["with source as (", "", f"    select * from {{{{ {reference} }}}}"]
    if one.synced:
        kept = HISTORY if one.table.history else "none"
        lines.append(f"    {{{{ calcom.present_rows({reference}, {kept}) }}}}")
    lines += ["", "),", "", "fields as (", "", "    select"]
    lines += [f"        {{{{ calcom.staged_columns({reference}, [", ",\n".join(columns), "        ]) }}"]
    if one.table.history:
        lines += [f"        {{%- if {HISTORY} %}}", *(f"        , {column.name}" for column in VERSIONS)]
        lines += ["        {%- endif %}"]
    lines += ["    from source", "", ")", "", "select * from fields", ""]
    return "\n".join(lines)


def enabled(one: Staged) -> str:
    """Return the expression of Jinja that tells whether a table is there."""
    return f"var('{one.uses}')" if one.uses else "true"


def sources() -> Yaml:
    """Return the description of the sources, freshness included."""
    synced = [_source(one) for one in staged().values() if not one.ledger]
    ledger = [_source(one) for one in staged().values() if one.ledger]
    return {
        "version": 2,
        "sources": [
            {
                "name": "calcom",
                "description": "Tables that syncs of Cal.com write.",
                "database": "{{ var('calcom_database', target.database) }}",
                "schema": "{{ var('calcom_schema', target.schema) }}",
                "tables": synced,
            },
            {
                "name": "calcom_write_back",
                "description": "The ledger of the write-back, in the default schema of its connection.",
                "database": "{{ var('calcom_write_back_database', var('calcom_database', target.database)) }}",
                "schema": "{{ var('calcom_write_back_schema', var('calcom_schema', target.schema)) }}",
                "tables": ledger,
            },
        ],
    }


def _source(one: Staged) -> Yaml:
    name = one.table.name
    prefix = "calcom_" if one.ledger else "{{ var('calcom_prefix') }}"
    config: Yaml = {"enabled": f"{{{{ {enabled(one)} | as_bool }}}}"} if one.uses else {}
    if one.synced:
        config["loaded_at_query"] = f"{{{{ calcom.newest_complete_read(this, '{name}') }}}}"
        config["freshness"] = {
            kind: {"count": f"{{{{ var('calcom__{kind}_hours') | as_number }}}}", "period": "hour"}
            for kind in ("warn_after", "error_after")
        }
    found: Yaml = {"name": name, "identifier": f"{prefix}{name}", "description": one.table.comment}
    return found | ({"config": config} if config else {})


def described() -> Yaml:
    """Return the description of the staging models, with their tests."""
    return {"version": 2, "models": [_described(one) for one in staged().values()]}


def _described(one: Staged) -> Yaml:
    key = list(one.table.key)
    history = one.table.history
    columns = [_column(one, column) for column in one.columns]
    if history:
        columns += [{"name": c.name, "description": f"{c.comment}; where history is kept"} for c in VERSIONS]
    found: Yaml = {"name": one.model, "description": one.table.comment}
    versioned = f"{{{{ ({json.dumps(key)} + (['valid_from'] if {HISTORY} else [])) | as_native }}}}"
    combination = {"combination_of_columns": versioned if history else key}
    found["data_tests"] = [{"calcom.unique_combination_of_columns": {"arguments": combination}}]
    return found | {"columns": columns}


def _column(one: Staged, column: Column) -> Yaml:
    found: Yaml = {"name": column.name}
    said = column.comment or column.name.replace("_", " ").strip()
    found["description"] = said
    if column.data_class != "public":
        found["config"] = {"meta": {"data_class": column.data_class}}
    if tests := list(_tests(one, column)):
        found["data_tests"] = tests
    return found


def _tests(one: Staged, column: Column) -> Iterator[Any]:
    if column.name in one.table.key:
        yield "not_null"
    if values := VALUES.get((one.table.name, column.name)):
        yield {"accepted_values": {"arguments": {"values": values}}}
    elif column.type == "text" and (values := values_in(column.comment)):
        # Cal.com may come to know a further one.
        yield {"accepted_values": {"arguments": {"values": values}, "config": {"severity": "warn"}}}
    if column.refers and not column.dangling:
        table, _, field = column.refers.partition(".")
        to = staged()[table]
        test: Yaml = {"arguments": {"to": f"ref('{to.model}')", "field": field}}
        if to.uses != one.uses:
            test["config"] = {"enabled": f"{{{{ {enabled(to)} | as_bool }}}}"}
        if one.synced:
            live = "_calcom_deleted_at is null"
            test.setdefault("config", {})["where"] = (
                f"{live}{{{{ ' and is_current' if {HISTORY} else '' }}}}" if one.table.history else live
            )
        yield {"relationships": test}


def own_models() -> Iterator[Yaml]:
    """Return the descriptions of the models and the seed that stand for the tables which reports write."""
    for table, model_name in OWN.values():
        key = list(table.key)
        columns = []
        for column in table.columns:
            one: Yaml = {"name": column.name, "description": column.comment or column.name.replace("_", " ")}
            if column.name in key:
                one["data_tests"] = ["not_null"] + (["unique"] if len(key) == 1 else [])
            columns.append(one)
        found: Yaml = {"name": model_name, "description": table.comment, "columns": columns}
        if len(key) > 1:
            found["data_tests"] = [
                {"calcom.unique_combination_of_columns": {"arguments": {"combination_of_columns": key}}}
            ]
        yield found
