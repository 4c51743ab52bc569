"""Who is out on which day, and is the team still covered?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import (
    VALID_FROM,
    Condition,
    Source,
    column,
    live,
    not_removed_on,
    removed_at,
)
from calcom_provider.reporting.views.parts.spans import out_days, same_user
from calcom_provider.reporting.views.parts.working import accepted_on, covers, schedules_known, with_hours
from calcom_provider.resources.data_subjects import Subject


def _ooo_days(source: Source) -> sa.Select[Any]:
    days, v = _covered(source), source.table("ooo_entries", "v")
    keys = list(days.c)
    tables: sa.FromClause = days
    scheduled: Any = sa.cast(sa.null(), sa.Integer())
    if schedules_known(source):
        tables, works = with_hours(source, days, days.c.organization_id, days.c.user_id, days)
        scheduled = sa.func.max(sa.case((works, 1), else_=0))
    # Who stands in: from the live versions of the entry that is named, else from its others.
    chosen = sa.and_(
        v.c.organization_id == days.c.organization_id,
        v.c.id == days.c.ooo_id,
        v.c.user_id == days.c.user_id,
        covers(v, days.c.date),
        sa.or_(live(v), days.c.live_id.is_(None)),
    )
    cover = sa.func.min(v.c.to_user_id)
    reason = [sa.func.min(v.c.reason).label("reason")] if "reason" in v.c else []
    return (
        sa.select(
            days.c.organization_id,
            days.c.date,
            days.c.user_id,
            days.c.ooo_id,
            days.c.entries_on_day,
            _owned(source, days).label("owned_by_sync"),
            cover.is_not(None).label("has_cover"),
            cover.label("cover_user_id"),
            (scheduled == 1).label("is_scheduled_day"),
            fn.utc_date(days.c.first_seen).label("first_seen"),
            sa.case((days.c.live_id.is_(None), fn.utc_date(days.c.removed_at))).label("removed_on"),
            *reason,
            source.history_note("ooo_entries").label("note"),
        )
        .select_from(tables.outerjoin(v, chosen))
        .group_by(*keys)
    )


def _covered(source: Source) -> sa.Subquery:
    """Give a row for each user and day that any version of any entry covers."""
    o, c = source.table("ooo_entries", "o"), source.table("calendar", "dc")
    live_id = sa.case((live(o), o.c.id))
    return (
        sa.select(
            o.c.organization_id,
            c.c.date,
            c.c.weekday_name,
            o.c.user_id,
            sa.func.min(live_id).label("live_id"),
            sa.func.coalesce(sa.func.min(live_id), sa.func.min(o.c.id)).label("ooo_id"),
            sa.func.count(sa.distinct(live_id)).label("entries_on_day"),
            sa.func.min(column(o, VALID_FROM.name, sa.DateTime())).label("first_seen"),
            sa.func.max(removed_at(o)).label("removed_at"),
        )
        .select_from(o.join(c, covers(o, c.c.date)))
        .group_by(o.c.organization_id, c.c.date, c.c.weekday_name, o.c.user_id)
        .subquery("covered")
    )


def _owned(source: Source, days: sa.FromClause) -> Any:
    if not source.has_ledger("entries"):
        return sa.cast(sa.null(), sa.Integer())
    e = source.ledger("entries", "e")
    same = sa.and_(e.c.organization_id == days.c.organization_id, e.c.ooo_id == days.c.ooo_id)
    return sa.exists(sa.select(1).where(same))


FCT_OOO_DAY = View(
    "fct_ooo_day",
    "A user and a civil day with an out-of-office entry, removed ones too",
    {
        "organization_id": "organisation",
        "date": "civil day",
        "user_id": "who is out",
        "ooo_id": "the entry of the day; the lowest id of several",
        "entries_on_day": "entries that cover the day now; 0 when all were removed",
        "owned_by_sync": "whether the write-back made the entry; null without a ledger",
        "has_cover": "whether somebody stands in",
        "cover_user_id": "who stands in",
        "is_scheduled_day": "whether the user's default schedule has working hours; null without schedules",
        "first_seen": "day of the sync that first saw the day covered; null without history",
        "removed_on": "day of the sync that found it no longer covered; null while it is",
        "note": "which history is not kept",
    },
    key=("organization_id", "date", "user_id"),
    needs={"calendar": (), "ooo_entries": ("user_id", "to_user_id", "start_at", "end_at")},
    resources=("ooo_entries",),
    select=_ooo_days,
    snapshot_by="date",
    snapshot_subject=Subject(user=("user_id",), clear_user=("cover_user_id",)),
)


def _team_days(source: Source) -> sa.Select[Any]:
    t = _counted_teams(source)
    available_below = sa.and_(t.c.scheduled > 0, t.c.available < t.c.minimum)
    below = sa.case((available_below, sa.true()), else_=sa.false())
    return sa.select(
        t.c.organization_id,
        t.c.date,
        t.c.team_id,
        t.c.members,
        t.c.scheduled.label("scheduled_members"),
        (t.c.scheduled - t.c.available).label("out_members"),
        t.c.available.label("available_members"),
        fn.percent(t.c.available, t.c.scheduled).label("coverage_pct"),
        t.c.minimum,
        sa.case((t.c.minimum.is_not(None), below)).label("below_minimum"),
        source.history_note("ooo_entries").label("note"),
    )


def _counted_teams(source: Source) -> sa.Subquery:
    """Count the people of each team and day, each number once: it is costly, and several columns are made of it."""
    c, n = source.table("calendar", "c"), source.table("team_minimums", "n")
    every = source.table("team_memberships", "every_m")
    m = source.lookup("team_memberships", "m", "team_id", "user_id", "accepted")
    teams = sa.select(every.c.organization_id, every.c.team_id).distinct().subquery("team")
    of_team = sa.and_(m.c.organization_id == teams.c.organization_id, m.c.team_id == teams.c.team_id)
    tables: sa.FromClause = teams.join(c, sa.true()).outerjoin(m, sa.and_(of_team, accepted_on(m, c.c.date)))
    works: Any = m.c.user_id.is_not(None)
    if schedules_known(source):
        tables, works = with_hours(source, tables, m.c.organization_id, m.c.user_id, c)
    x, out = _absences(source, m, c)
    # A person may come in several rows, so people are counted; grouping by person first would keep SQLite from
    # using a condition on the day or the team.
    scheduled = _people(m, works)
    keys = (teams.c.organization_id, c.c.date, teams.c.team_id)
    return (
        sa.select(
            *keys,
            _people(m).label("members"),
            scheduled.label("scheduled"),
            (scheduled - _people(m, works, x.c.user_id.is_not(None))).label("available"),
            sa.func.max(n.c.minimum).label("minimum"),
        )
        .select_from(tables.outerjoin(x, out).outerjoin(n, n.c.team_id == teams.c.team_id))
        .group_by(*keys)
        .subquery("counted")
    )


def _absences(source: Source, m: sa.FromClause, c: sa.FromClause) -> tuple[sa.FromClause, Condition]:
    """Give what tells of a member and a day whether the member is out, and how it is joined."""
    if source.views.repeats_lookups:
        y = out_days(source)
        return y, sa.and_(same_user(y, m), y.c.date == c.c.date)
    x = source.table("ooo_entries", "x")
    return x, sa.and_(same_user(x, m), covers(x, c.c.date), not_removed_on(x, c.c.date))


def _people(members: sa.FromClause, *conditions: Any) -> Any:
    found = sa.case((sa.and_(*conditions), members.c.user_id)) if conditions else members.c.user_id
    return sa.func.count(sa.distinct(found))


RPT_TEAM_COVERAGE_DAY = View(
    "rpt_team_coverage_day",
    "A team and a civil day: who should work, and who of them is out",
    {
        "organization_id": "organisation",
        "date": "civil day",
        "team_id": "team",
        "members": "accepted members",
        "scheduled_members": "of these, with working hours on the day; all of them without schedules",
        "out_members": "of the scheduled ones, with an out-of-office entry",
        "available_members": "scheduled and not out",
        "coverage_pct": "available in percent of the scheduled ones; null when nobody is scheduled",
        "minimum": "members who should be available, from the settings table; null without a setting",
        "below_minimum": "whether too few are available on a day on which somebody is scheduled",
        "note": "which history is not kept",
    },
    key=("organization_id", "date", "team_id"),
    needs={
        "calendar": (),
        "team_memberships": ("team_id", "user_id", "accepted"),
        "ooo_entries": ("user_id", "start_at", "end_at"),
    },
    resources=("team_memberships", "ooo_entries"),
    select=_team_days,
    snapshot_by="date",
    snapshot_subject=Subject(),
)
