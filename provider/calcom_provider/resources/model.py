"""What a resource is: a list of the API, how it is read, and the tables that its rows become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from calcom_provider.resources.data_subjects import Subject, check_declared
from calcom_provider.warehouse.schema import Column, DataClass, Table

Group = Literal["organization", "teams", "bookings", "platform", "account"]


@dataclass(frozen=True, slots=True)
class Read:
    """State how the rows of a resource are fetched.

    With `over`, the operation is called once for every row of another resource (a fan-out), which is read in
    the same run even when it is not loaded itself.

    :param operation: short name of the list operation.
    :param parameters: fixed parameters of every call.
    :param over: resource whose rows are the parents, empty for one call sequence.
    :param arguments: parameter of the operation -> source in the parent row (``"id"``) or in that row's
        own arguments (``"$teamId"``).
    :param where: fields of the parent row that must hold these values, for example accepted rows only.
    :param page_size: rows a page; None takes the operation's own largest.
    :param single: the operation answers one object, not a list.
    :param empty_on: error statuses that mean no rows (personal event types answer 404 when there are none).
    :param unavailable_on: error statuses that mean that this installation, plan or role does not offer the
        list; it is then left out of a run that did not name it.
    :param refused_on: error statuses of one call of a fan-out that leave only that part unread, so that the
        table counts as incomplete and nothing is deleted from it.
    :param fallback: read that replaces this one when the API answers 500.
    :param heavy: pages are very large, so few lists are read at the same time.
    :param by_email: rows that the list's own paging cannot reach are looked for by other ways.
    :param windows: how the list is read by time, None for a list that is always read whole.
    :param lookup: the list is read only for the people of parent rows whose reference no table holds; `arguments` then
        names fields of such a person.
    """

    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    over: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    page_size: int | None = None
    single: bool = False
    empty_on: tuple[int, ...] = ()
    unavailable_on: tuple[int, ...] = ()
    refused_on: tuple[int, ...] = ()
    fallback: Read | None = None
    heavy: bool = False
    by_email: bool = False
    windows: Windows | None = None
    lookup: Lookup | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Say which rows of the parent list name something that is still unknown, and who has the list that holds it.

    :param reference: field of the parent row that holds an id.
    :param people: field of the parent row with the people it is about, each with an ``id``; the first is asked.
    :param tables: resources whose ids are known; they are loaded in the same run.
    """

    reference: str
    people: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Windows:
    """Describe how a list with time filters is read in parts.

    :param created: source of the creation time in a row.
    :param after: parameter with the lower, inclusive bound of incremental reads.
    :param sort: parameter that orders by the same time.
    :param updated: source of the change time in a row, the watermark; empty where `created` is the watermark.
    :param created_after: parameter with the lower bound of the creation time, for rows whose change time is
        null and which no filter on it ever matches.
    :param start: source of the start time in a row, by which large or tied sets are cut.
    :param end: source of the end time in a row.
    :param start_after: parameter with the lower, inclusive bound of the start time; empty when there is none.
    :param end_before: parameter with the upper, inclusive bound of the end time.
    :param reread_days: rows that ended in so many days before now are read again, because changes of their
        attendees never move the change time (observed on the real API).
    :param tie_breakers: parameters that split a set which no time separates.
    """

    created: str
    after: str
    sort: str
    updated: str = ""
    created_after: str = ""
    start: str = ""
    end: str = ""
    start_after: str = ""
    end_before: str = ""
    reread_days: int = 0
    tie_breakers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Child:
    """Describe a table that is filled from a list inside the rows of a resource.

    :param table: the child table; its columns' sources are read in the item, ``^field`` in the row it sits
        in, ``.`` is the item itself and ``#`` its position.
    :param items: dotted path of the list in the row.
    :param numbers: items may be digits as text and are stored as whole numbers.
    :param subject: whom the rows are about; needed where a column is personal, unless rows about people own
        these.
    """

    table: Table
    items: str
    numbers: bool = False
    subject: Subject | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """Declare what can be read as tables.

    :param name: resource name, also the name of its main table.
    :param group: organization, teams, bookings, platform or account.
    :param read: how rows are fetched.
    :param table: main table; None when the rows themselves are not stored, only their children.
    :param children: tables filled from lists inside the rows.
    :param subject: whom the rows of the main table are about; needed where a column is personal.
    :param ignored: fields of a row that are known and deliberately not stored, each with the reason.
    :param scope: key columns that name what one run replaces.
    :param named_only: why the resource is never part of ``all`` or a group; empty when it is.
    :param platform: the resource exists only for platform organisations.
    :param notes: traps of the API, for the generated reference page.
    :param unread: short names of list operations about the same things that become no table, each with the
        reason.
    :raises ValueError: if the subjects leave a personal column out, or name a column that there is not.
    """

    name: str
    group: Group
    read: Read
    table: Table | None
    children: tuple[Child, ...] = ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    scope: tuple[str, ...] = ("organization_id",)
    named_only: str = ""
    platform: bool = False
    notes: str = ""
    subject: Subject | None = None
    unread: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.table is not None:
            check_declared(self.table, self.subject)
        for child in self.children:
            check_declared(child.table, child.subject, self.subject)

    @property
    def subjects(self) -> Mapping[str, Subject]:
        """Return whom the rows are about, by table, children before the table that owns them."""
        found = {child.table.name: child.subject or Subject() for child in self.children}
        if self.table is not None:
            found[self.table.name] = self.subject or Subject()
        return found

    @property
    def tables(self) -> tuple[Table, ...]:
        """Return the main table, if stored, and the child tables."""
        own = (self.table,) if self.table is not None else ()
        return own + tuple(child.table for child in self.children)


def camel(name: str) -> str:
    """Spell a snake_case column name as the API spells fields."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def _column(
    type_: str,
    name: str,
    source: str,
    *,
    data_class: DataClass,
    nullable: bool,
    comment: str,
    refers: str = "",
    dangling: str = "",
) -> Column:
    said = (refers, comment, f"may lead nowhere: {dangling}" if dangling else "")
    return Column(
        name=name,
        type=type_,  # type: ignore[arg-type]
        nullable=nullable,
        data_class=data_class,
        source=source or camel(name),
        comment="; ".join(part for part in said if part),
        refers=refers,
        dangling=dangling,
    )


def integer(
    name: str,
    source: str = "",
    *,
    data_class: DataClass = "public",
    nullable: bool = True,
    comment: str = "",
    refers: str = "",
    dangling: str = "",
) -> Column:
    """Declare a 64-bit whole number column.

    :param refers: ``table.column`` that the values are from.
    :param dangling: why a value may lead nowhere although nothing is wrong.
    """
    return _column(
        "integer",
        name,
        source,
        data_class=data_class,
        nullable=nullable,
        comment=comment,
        refers=refers,
        dangling=dangling,
    )


def number(name: str, source: str = "", *, data_class: DataClass = "public", comment: str = "") -> Column:
    """Declare a floating point column."""
    return _column("float", name, source, data_class=data_class, nullable=True, comment=comment)


def text(
    name: str,
    source: str = "",
    *,
    data_class: DataClass = "public",
    nullable: bool = True,
    comment: str = "",
    refers: str = "",
    dangling: str = "",
) -> Column:
    """Declare a text column; ``refers`` and ``dangling`` as for :func:`integer`."""
    return _column(
        "text",
        name,
        source,
        data_class=data_class,
        nullable=nullable,
        comment=comment,
        refers=refers,
        dangling=dangling,
    )


def boolean(name: str, source: str = "", *, comment: str = "") -> Column:
    """Declare a true/false column."""
    return _column("boolean", name, source, data_class="public", nullable=True, comment=comment)


def timestamp(name: str, source: str = "", *, data_class: DataClass = "public", comment: str = "") -> Column:
    """Declare a UTC timestamp column with milliseconds."""
    return _column("timestamp", name, source, data_class=data_class, nullable=True, comment=comment)


def date(name: str, source: str = "", *, comment: str = "") -> Column:
    """Declare a calendar date column."""
    return _column("date", name, source, data_class="public", nullable=True, comment=comment)


def json(name: str, source: str = "", *, data_class: DataClass = "public", comment: str = "") -> Column:
    """Declare a column that keeps an object or list as JSON."""
    return _column("json", name, source, data_class=data_class, nullable=True, comment=comment)


def personal_text(name: str, source: str = "", *, comment: str = "") -> Column:
    """Declare a text column that tells who somebody is."""
    return text(name, source, data_class="personal", comment=comment)


NO_PROFILE = "a member without a profile, and a pending one, has no row in users"
DELETED = "the API keeps the id of what was deleted"
LEFT = "the person may have left since"

ORGANIZATION = integer(
    "organization_id", "$organization", nullable=False, comment="organisation the row was read from"
)
ACCOUNT = integer("account_id", "$account", nullable=False, comment="user whose credential read the row")
