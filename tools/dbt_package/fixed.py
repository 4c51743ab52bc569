"""The calendar and the minimums, which no sync writes, and the types of the time zones' seed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.fixed_tables.calendar import CALENDAR, WEEKDAYS
from calcom_provider.reporting.fixed_tables.minimums import TEAM_MINIMUMS
from calcom_provider.reporting.fixed_tables.time_zones import TZ_OFFSETS
from dbt_package.sql_layout import lines
from dbt_package.targets import TARGETS

FIRST, LAST = "first_day_of_calendar", "last_day_of_calendar"
_MONDAY = sa.literal_column("CAST('1970-01-05' AS DATE)", sa.Date())


def calendar_select() -> sa.Select[Any]:
    """Return the statement that makes the calendar of what stands for its first and last day."""
    first, last = (sa.literal_column(name, sa.Date()) for name in (FIRST, LAST))
    numbers = _numbers(4)  # 27 years
    day = (
        sa.select(fn.add_days(first, numbers.c.n).label("date"))
        .where(numbers.c.n <= fn.days_between(first, last))
        .subquery("day")
    )
    # Days are counted from a Monday; the one added weeks before it keeps the remainder positive.
    since = fn.days_between(_MONDAY, day.c.date)
    placed = sa.select(day.c.date, (since - _floor(since, 7) * 7).label("place")).subquery("placed")
    monday = fn.add_days(placed.c.date, -placed.c.place)
    weeks = sa.select(
        placed.c.date, placed.c.place, monday.label("week_start"), fn.add_days(monday, 3).label("thursday")
    ).subquery("week")
    year = sa.cast(sa.extract("year", weeks.c.thursday), sa.BigInteger())
    new_year = sa.cast(sa.cast(year, sa.Text()) + sa.literal("-01-01", sa.Text()), sa.Date())
    number = sa.cast(_floor(fn.days_between(new_year, weeks.c.thursday), 7) + 1, sa.BigInteger())
    name = sa.case(*((weeks.c.place == n, one) for n, one in enumerate(WEEKDAYS)))
    of_month = sa.cast(sa.extract("day", weeks.c.date), sa.BigInteger())
    columns = {
        "date": weeks.c.date,
        "iso_year": year,
        "iso_week": number,
        "week_start": weeks.c.week_start,
        "weekday": sa.cast(weeks.c.place + 1, sa.BigInteger()),
        "weekday_name": name,
        "month_start": fn.add_days(weeks.c.date, 1 - of_month),
    }
    assert tuple(columns) == CALENDAR.names
    return sa.select(*(value.label(one) for one, value in columns.items()))


def _floor(value: Any, by: int) -> Any:
    """Divide by a number and round down, whatever a database's division gives."""
    return sa.cast(sa.func.floor(sa.cast(value, sa.Double()) / sa.literal_column(f"{by}.0")), sa.BigInteger())


def _numbers(digits: int) -> sa.Subquery:
    """Give the whole numbers from 0 on, of so many digits."""
    parts, total = [], sa.literal_column("0")
    for place in range(digits):
        rows = [sa.select(sa.literal_column(str(one)).label("n")) for one in range(10)]
        digit = sa.union_all(*rows).subquery(f"digit_{place}")
        parts.append(digit)
        total = total + digit.c.n * sa.literal_column(str(10**place))
    joined: sa.FromClause = parts[0]
    for one in parts[1:]:
        joined = joined.join(one, sa.true())
    return sa.select(total.label("n")).select_from(joined).subquery("number")


def calendar_macro(target: str) -> str:
    """Return the file with the macro that makes the calendar on one database."""
    made = lines(TARGETS[target].sql_text(calendar_select()))
    for name, call in (
        (FIRST, "{{ calcom.calendar_day('first') }}"),
        (LAST, "{{ calcom.calendar_day('last') }}"),
    ):
        made = [line.replace(name, call) for line in made]
    return "\n".join([f"{{% macro {target}__calendar() %}}", *made, "{% endmacro %}", ""])


def calendar_model() -> str:
    """Return the file of the calendar's model."""
    return "{{ adapter.dispatch('calendar', 'calcom')() }}\n"


def minimums_model() -> str:
    """Return the file of the model with the minimums, which are a variable."""
    team, minimum = TEAM_MINIMUMS.names
    kind = "{{ calcom.column_type('integer') }}"
    row = f"cast({{{{ team }}}} as {kind}) as {team}, cast({{{{ number }}}} as {kind}) as {minimum}"
    return "\n".join(
        [
            "{%- set minimums = var('calcom__team_minimums') %}",
            "{%- for team, number in minimums.items() %}",
            f"select {row}",
            "{%- if not loop.last %} union all{% endif %}",
            "{%- else %}",
            f"select cast(null as {kind}) as {team}, cast(null as {kind}) as {minimum}",
            "from (select 1 as one) as nothing where 1 = 0",
            "{%- endfor %}",
            "",
        ]
    )


_SEED = {
    "text": {"bigquery": "string", "": "varchar(64)"},
    "integer": {"bigquery": "int64", "": "bigint"},
    "timestamp": {"postgres": "timestamptz", "snowflake": "timestamp_ntz", "": "timestamp"},
}


def seed_types() -> dict[str, str]:
    """Return the types of the seed's columns, expressions of Jinja: a project file knows no macros."""
    found = {}
    for column in TZ_OFFSETS.columns:
        types = _SEED[column.type]
        named = {one: kind for one, kind in types.items() if one}
        found[column.name] = f"{{{{ {named}.get(target.type, '{types['']}') }}}}"
    return found
