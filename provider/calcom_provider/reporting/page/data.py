"""Say what the page shows: what needs a decision, and panels of numbers added up so far that nobody is seen in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

Value = str | int | float | bool | None
Row = tuple[Value, ...]
Rows = Sequence[Sequence[Any]]

#: A table longer than this is cut, and its panel says so.
ROWS = 1000

Part = Literal["trends", "operations"]
Tone = Literal["act", "watch", "fine", "unknown"]
#: The filters of the page, by the names that its script knows them by.
Filter = Literal["period", "team", "type", "value"]


@dataclass(frozen=True)
class Decision:
    """Hold one line of what needs a decision today and this week.

    :param key: short name, used as anchor.
    :param tone: ``act`` where something is to be decided, ``watch`` where something is to be known, ``fine`` where
        nothing is, ``unknown`` where the tables cannot tell.
    :param number: what stands before the sentence.
    :param text: the sentence.
    :param link: key of the panel with the table; None without one.
    :param details: what it is made of, the most important first.
    """

    key: str
    tone: Tone
    number: str
    text: str
    link: str | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Hold a table that is shown as it is.

    :param columns: its heads.
    :param rows: values in that order.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Panel:
    """Hold one part of the page.

    :param key: short name, used as anchor; letters and hyphens.
    :param part: where it stands.
    :param title: heading.
    :param text: what the numbers mean, in a sentence or two.
    :param metrics: anchors of the definitions in the documentation.
    :param filters: the filters that its numbers follow.
    :param facts: the numbers that the script adds up and draws; empty for a table alone.
    :param table: a table that is shown as it is; None where the script makes one.
    :param missing: a sentence that says how to fill it when there is nothing to show; None when there is.
    :param notes: sentences that say what the numbers rest on, where that limits them.
    """

    key: str
    part: Part
    title: str
    text: str
    metrics: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    table: Table | None = None
    missing: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Team:
    """Name a team.

    :param id: its id.
    :param name: its name, with a number behind it where several are called so.
    """

    id: int
    name: str


@dataclass(frozen=True)
class EventType:
    """Name an event type, or what stands for all that are no team's.

    :param id: its id; 0 for all that are no team's.
    :param name: its title.
    :param team: place of its team in the list of teams; -1 for none.
    :param round_robin: whether Cal.com deals its bookings out among hosts.
    """

    id: int
    name: str
    team: int = -1
    round_robin: bool = False


@dataclass(frozen=True)
class AttributeValue:
    """Name a value of an attribute that can be chosen from options.

    :param id: id of the option.
    :param attribute_id: id of the attribute.
    :param attribute: name of the attribute, with a number behind it where several are called so.
    :param name: the value.
    :param holders: accepted members who hold it now.
    :param offered: whether it can be chosen: it is held by so many that nobody is seen in its numbers.
    """

    id: str
    attribute_id: str
    attribute: str
    name: str
    holders: int
    offered: bool

    @property
    def label(self) -> str:
        """Return the value with its attribute."""
        return f"{self.attribute}: {self.name}"


@dataclass(frozen=True)
class Dimensions:
    """Hold what numbers are told apart by; facts refer to these by their places.

    :param today: the day the page is made for.
    :param weeks: their Mondays, the present week at :attr:`now`.
    :param now: place of the present week.
    :param days: civil days of the calendar of absences.
    :param teams: teams, by name.
    :param types: event types, by team and name; the first stands for all that are no team's.
    :param values: values of attributes, by attribute and name.
    :param show_people: whether numbers about fewer than five people, and names, are shown.
    """

    today: date
    weeks: tuple[date, ...]
    now: int
    days: tuple[date, ...]
    teams: tuple[Team, ...] = ()
    types: tuple[EventType, ...] = (EventType(0, "Personal and unlisted event types"),)
    values: tuple[AttributeValue, ...] = ()
    show_people: bool = False


@dataclass(frozen=True)
class Page:
    """Hold the whole page.

    :param made_at: when its data was read, in UTC.
    :param dimensions: what its numbers are told apart by.
    :param decisions: what needs a decision, in reading order.
    :param panels: parts in reading order.
    """

    made_at: datetime
    dimensions: Dimensions
    decisions: tuple[Decision, ...]
    panels: tuple[Panel, ...]

    @property
    def shows_people(self) -> bool:
        """Tell whether rows tell about single people."""
        return self.dimensions.show_people

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to show at all."""
        return all(panel.missing for panel in self.panels)


def named(user: Value, names: Mapping[Value, str]) -> Value:
    """Return a user as the page shows one: the name, where it is known, and the id.

    :param user: the id; None for nobody.
    :param names: known names by id.
    """
    if user is None:
        return None
    return f"{names[user]} ({user})" if user in names else str(user)


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    :param number: how many.
    :param one: the noun for one.
    :param many: the noun for others, by default with an s.
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
