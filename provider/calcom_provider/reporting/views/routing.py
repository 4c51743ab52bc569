"""What became of the answers to routing forms?"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Source, column, held_on, live, not_removed_on
from calcom_provider.reporting.views.parts.hosting import (
    absent_attendees,
    attributes_known,
    chosen_columns,
    held_values,
    with_local_date,
)
from calcom_provider.reporting.views.parts.working import covers

_TIMES = ("start_at", "end_at", "created_at")
_TEXTS = ("status", "rescheduled_to_uid")


def _outcomes(source: Source) -> sa.Select[Any]:
    f = _hosted(source)
    return sa.select(
        f.c.organization_id,
        f.c.response_id,
        f.c.form_id,
        f.c.created_at,
        f.c.routed_to_booking_uid,
        f.c.routed_to_booking_uid.is_not(None).label("booked"),
        f.c.booking_id,
        f.c.host_user_id,
        f.c.host_attribute_value,
        sa.case((f.c.is_out == 1, sa.true()), (f.c.is_out == 0, sa.false())).label("host_out_on_day"),
        fn.minutes_between(f.c.created_at, f.c.booking_created_at).label("minutes_to_booking"),
        _outcome(f).label("outcome"),
        *(f.c[name].label(shown) for name, shown in chosen_columns(_answers(source)).items()),
        source.history_note(*_histories(source)).label("note"),
    )


def _outcome(f: sa.FromClause) -> Any:
    ends = sa.func.coalesce(f.c.booking_end_at, f.c.booking_start_at)
    return sa.case(
        (f.c.routed_to_booking_uid.is_(None), "no_booking"),
        (f.c.booking_id.is_(None), "booking_not_synced"),
        (f.c.booking_rescheduled_to_uid.is_not(None), "rescheduled"),
        (f.c.booking_status == "cancelled", "cancelled"),
        (f.c.booking_status == "rejected", "rejected"),
        (sa.or_(f.c.booking_status.is_(None), f.c.booking_status != "accepted"), "pending"),
        (f.c.host_absent == 1, "no_show_host"),
        (f.c.guest_absent == 1, "no_show_guest"),
        (ends > fn.utc_now(), "upcoming"),
        else_="held",
    )


def _hosted(source: Source) -> sa.Subquery:
    """Give a row for each response with what is known about the host of its booking."""
    m = _matched(source)
    tables: sa.FromClause = m
    host: Any = sa.cast(sa.null(), sa.BigInteger())
    is_out: Any = sa.cast(sa.null(), sa.Integer())
    value: Any = sa.cast(sa.null(), sa.Text())
    guest: Any = sa.literal(0)
    if "position" in m.c:
        h = source.table("booking_hosts", "h")
        first = sa.and_(
            h.c.organization_id == m.c.organization_id,
            h.c.booking_id == m.c.booking_id,
            h.c.position == m.c.position,
        )
        tables, host = tables.outerjoin(h, first), h.c.user_id
        if source.has("ooo_entries", "user_id", "start_at", "end_at"):
            tables, is_out = _with_absences(source, tables, m, h)
        if attributes_known(source):
            tables, value = _with_values(source, tables, m, h)
    if source.has("bookings") and source.has("booking_attendees", "absent"):
        g = absent_attendees(source)
        absent = sa.and_(g.c.organization_id == m.c.organization_id, g.c.booking_id == m.c.booking_id)
        tables = tables.outerjoin(g, absent)
        guest = sa.func.max(sa.case((g.c.booking_id.is_not(None), 1), else_=0))
    known = [one for one in m.c if one.name != "position"]
    by_host = () if isinstance(host, sa.Cast) else (host,)
    return (
        sa.select(
            *known,
            host.label("host_user_id"),
            is_out.label("is_out"),
            value.label("host_attribute_value"),
            guest.label("guest_absent"),
        )
        .select_from(tables)
        .group_by(*known, *by_host)
        .subquery("hosted")
    )


def _with_absences(
    source: Source, tables: sa.FromClause, m: sa.FromClause, h: sa.FromClause
) -> tuple[sa.FromClause, Any]:
    o = source.lookup("ooo_entries", "o", "id", "user_id", "start_at", "end_at")
    tables, day = with_local_date(source, tables, h.c.organization_id, h.c.user_id, m.c.booking_start_at)
    out = sa.and_(
        o.c.organization_id == h.c.organization_id,
        o.c.user_id == h.c.user_id,
        covers(o, day),
        not_removed_on(o, day),
    )
    found = sa.case((o.c.id.is_not(None), 1), (h.c.user_id.is_not(None), 0))
    return tables.outerjoin(o, out), sa.func.max(found)


def _with_values(
    source: Source, tables: sa.FromClause, m: sa.FromClause, h: sa.FromClause
) -> tuple[sa.FromClause, Any]:
    a = held_values(source, source.options.routing_attribute, "held")
    held = sa.and_(
        a.c.organization_id == h.c.organization_id,
        a.c.user_id == h.c.user_id,
        held_on(a, fn.utc_date(m.c.created_at)),
    )
    return tables.outerjoin(a, held), sa.func.min(a.c.value)


def _matched(source: Source) -> sa.Subquery:
    """Give each response with its booking, and the lowest place of the booking's hosts."""
    r = source.table("routing_form_responses", "r")
    names = ("form_id", "created_at", "routed_to_booking_uid")
    keys = [r.c.organization_id, r.c.id.label("response_id"), *(r.c[name] for name in names)]
    asked = zip(chosen_columns(_answers(source)), _answers(source).values(), strict=True)
    keys += [fn.json_text(r.c.response, key, "value").label(name) for name, key in asked]
    if not source.has("bookings"):
        return sa.select(*keys, *_no_booking()).where(live(r)).subquery("matched")
    b = source.lookup("bookings", "b", "id", "uid", "absent_host", *_TIMES, *_TEXTS)
    same = sa.and_(b.c.organization_id == r.c.organization_id, b.c.uid == r.c.routed_to_booking_uid, live(b))
    booking = [
        b.c.id.label("booking_id"),
        *(column(b, name, sa.DateTime()).label(f"booking_{name}") for name in _TIMES),
        *(column(b, name).label(f"booking_{name}") for name in _TEXTS),
        sa.case((b.c.absent_host.is_(sa.true()), 1), else_=0).label("host_absent"),
    ]
    found = sa.select(*keys, *booking).select_from(r.outerjoin(b, same)).where(live(r)).subquery("response")
    if not source.has("booking_hosts", "user_id"):
        return found
    h = source.table("booking_hosts", "fh")
    of_booking = sa.and_(
        h.c.organization_id == found.c.organization_id, h.c.booking_id == found.c.booking_id, live(h)
    )
    return (
        sa.select(*found.c, sa.func.min(h.c.position).label("position"))
        .select_from(found.outerjoin(h, of_booking))
        .group_by(*found.c)
        .subquery("matched")
    )


def _no_booking() -> list[Any]:
    return [
        sa.cast(sa.null(), sa.BigInteger()).label("booking_id"),
        *(sa.cast(sa.null(), sa.DateTime()).label(f"booking_{name}") for name in _TIMES),
        *(sa.cast(sa.null(), sa.Text()).label(f"booking_{name}") for name in _TEXTS),
        sa.literal(0).label("host_absent"),
    ]


def _answers(source: Source) -> dict[str, str]:
    return dict(source.options.answers) if source.has("routing_form_responses", "response") else {}


def _histories(source: Source) -> tuple[str, ...]:
    return tuple(name for name in ("attribute_assignments", "ooo_entries") if source.has(name))


RPT_ROUTING_OUTCOME = View(
    "rpt_routing_outcome",
    "An answer to a routing form and what became of its booking",
    {
        "organization_id": "organisation",
        "response_id": "response",
        "form_id": "form",
        "created_at": "time of the response",
        "routed_to_booking_uid": "booking that the response led to",
        "booked": "whether it led to one",
        "booking_id": "the booking's row; null when it is not there",
        "host_user_id": "the booking's first host",
        "host_attribute_value": "the host's value of the routing attribute on the day of the response",
        "host_out_on_day": "whether the host is out on the civil day of the booking; null without booking or host",
        "minutes_to_booking": "full minutes from the response to the booking",
        "outcome": (
            "no_booking, booking_not_synced, rescheduled, cancelled, rejected, pending, no_show_host, "
            "no_show_guest, upcoming or held"
        ),
        "note": "which history is not kept",
    },
    key=("organization_id", "response_id"),
    needs={"routing_form_responses": ("form_id", "created_at", "routed_to_booking_uid")},
    resources=("routing_form_responses",),
    select=_outcomes,
)
