"""Parts that the views about bookings share: a host's civil day, a host's attributes, attendees who were absent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from calcom_provider.reporting import functions as fn
from calcom_provider.reporting.source import Source, live
from calcom_provider.warehouse.loading.layout import DELETED_AT, IS_CURRENT, VALID_FROM, VALID_TO

ATTRIBUTES = ("attributes", "attribute_options", "attribute_assignments")
OVER = ("cancelled", "rejected")
_VERSION = (VALID_FROM.name, VALID_TO.name, IS_CURRENT.name, DELETED_AT.name)


def with_local_date(
    source: Source, tables: sa.FromClause, organization_id: Any, user_id: Any, time: Any
) -> tuple[sa.FromClause, Any]:
    """Add what tells the civil day of a time in a user's zone; the day in UTC where the zone is not known.

    :param source: tables.
    :param tables: joined tables to add to.
    :param organization_id: expression.
    :param user_id: expression.
    :param time: expression.
    :returns: the joined tables and the day.
    """
    tables, local = with_local_time(source, tables, organization_id, user_id, time)
    return tables, fn.utc_date(local)


def with_local_time(
    source: Source, tables: sa.FromClause, organization_id: Any, user_id: Any, time: Any
) -> tuple[sa.FromClause, Any]:
    """Add what tells what clocks in a user's zone show at a time; that of UTC where the zone is not known.

    :param source: tables.
    :param tables: joined tables to add to.
    :param organization_id: expression.
    :param user_id: expression.
    :param time: expression.
    :returns: the joined tables and the time.
    """
    if not source.has("users", "time_zone"):
        return tables, time
    u, z = source.table("users", "u"), source.table("tz_offsets", "z")
    tables = tables.outerjoin(u, sa.and_(u.c.organization_id == organization_id, u.c.id == user_id, live(u)))
    tables = tables.outerjoin(
        z, sa.and_(z.c.time_zone == u.c.time_zone, z.c.from_utc <= time, z.c.to_utc > time)
    )
    return tables, fn.add_minutes(time, sa.func.coalesce(z.c.offset_minutes, 0))


def chosen_columns(names: Iterable[str]) -> dict[str, sa.quoted_name]:
    """Give names for inside a view to columns that the warehouse's owner named: ``chosen_0`` -> name to show.

    What the owner named may be a word of the database's language, or the name of another column inside.

    :param names: names that the owner chose.
    """
    return {f"chosen_{number}": sa.quoted_name(name, quote=True) for number, name in enumerate(names)}


def attributes_known(source: Source) -> bool:
    """Tell whether attributes and who holds which option were synced."""
    return all(source.has(name) for name in ATTRIBUTES)


def held_values(source: Source, slug: str, name: str) -> sa.Subquery:
    """Give the assignments of an attribute with ``user_id``, ``value`` and the bounds of the version.

    :param source: tables; the attributes must be known.
    :param slug: slug of the attribute.
    :param name: alias.
    """
    a = source.table("attribute_assignments", "aa")
    t = source.table("attributes", "ad")
    p = source.table("attribute_options", "ap")
    option = sa.and_(p.c.organization_id == a.c.organization_id, p.c.id == a.c.option_id)
    attribute = sa.and_(t.c.organization_id == a.c.organization_id, t.c.id == a.c.attribute_id)
    held = (
        sa.select(
            a.c.organization_id,
            a.c.user_id,
            p.c.value,
            *(a.c[one] for one in _VERSION if one in a.c),
        )
        .select_from(t.join(a, attribute).join(p, option))
        .where(t.c.slug == slug, live(t), live(p))
    )
    return source.indexed(held).subquery(name)


def absent_attendees(source: Source) -> sa.Subquery:
    """Give the bookings with an attendee who did not come: ``organization_id``, ``booking_id``, once each."""
    g = source.table("booking_attendees", "ba")
    return (
        sa.select(g.c.organization_id, g.c.booking_id)
        .where(g.c.absent.is_(sa.true()), live(g))
        .group_by(g.c.organization_id, g.c.booking_id)
        .subquery("absent_attendee")
    )
