"""Read a calendar feed (RFC 5545) as rows of absences.

HR systems publish who is out as a feed: one of everybody, whose events name the person in a title or as
attendee, or one a person. A feed is a picture of a window of time, not a log: what lies outside of the window
is not gone, and a feed that holds nothing is more likely broken than an organisation in which nobody is ever
away. Titles and descriptions are read only to find the person and the type; they go no further.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Limits

from calcom_provider.hr.errors import CellError, Issue, Level, SourceError
from calcom_provider.hr.sources.cells import as_text, dig
from calcom_provider.hr.sources.rows import Rows, decode
from calcom_provider.hr.sources.text import fold, fold_email
from calcom_provider.hr.validation import checked

if TYPE_CHECKING:
    from icalendar import Calendar
    from icalendar.cal.component import Component

Person = Literal["attendee", "organizer", "summary", "fixed"]
Transparent = Literal["skip", "count"]

#: What an event's STATUS means; without one it stands.
STATUSES = {"CONFIRMED": "approved", "TENTATIVE": "requested", "CANCELLED": "cancelled"}
#: Events that one series may have inside the horizon.
MOST_OCCURRENCES = 2_000
#: Columns of the rows, as the shipped mapping ``ical`` names them.
COLUMNS = ("key", "employee_id", "email", "status", "type", "start", "end", "kind", "hours", "unit")

_DAY = timedelta(days=1)


def _compiles(value: Any) -> Any:
    if isinstance(value, str):
        try:
            groups = re.compile(value).groupindex
        except re.error as wrong:
            raise ValueError(f"no regular expression: {wrong}") from None
        if "name" not in groups:
            raise ValueError("needs a group (?P<name>...)")
    return value


def _columns(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Spelling = Annotated[tuple[str, ...], BeforeValidator(_columns, json_schema_input_type=str | list[str])]
ReadDays = Annotated[int, Limits(strict=True, ge=0, le=3660, json_schema_extra={"unit": "days"})]

#: Properties of a calendar that change how its events are read.
_OF_CALENDAR = ("X-WR-TIMEZONE", "PRODID", "VERSION")


@checked
class FeedSettings:
    """Say how the events of a calendar feed become absences.

    :param person: where an event names its person: ``attendee`` (default) or ``organizer`` (their address),
        ``summary`` (the title, by ``pattern`` and ``names``), ``fixed`` (the feed is that of ``email``).
    :param email: address of the person whose feed it is, for ``fixed``.
    :param pattern: regular expression on the whole title with a group ``name``, and perhaps ``type``; default
        the title is the name.
    :param names: how the employee source spells a name, for ``summary``: columns; a list of columns in place of
        one is joined by blanks.
    :param past_days: days before today that are read, default 60.
    :param future_days: days after today that are read, also of a series without end, default 400.
    :param window: first and last day, relative to today, that the feed itself covers; default the days between
        its first and its last event.
    :param transparent: whether an event that does not block time (TRANSP:TRANSPARENT) is an absence: ``count``
        (default: HR feeds mark all-day absences so) or ``skip``.
    """

    person: Person = "attendee"
    email: str | None = None
    pattern: Annotated[str, BeforeValidator(_compiles)] = r"(?P<name>.+)"
    names: tuple[Spelling, ...] = ()
    past_days: ReadDays = 60
    future_days: ReadDays = 400
    window: tuple[int, int] | None = None
    transparent: Transparent = "count"

    @model_validator(mode="after")
    def _fits(self) -> FeedSettings:
        if self.person == "summary" and not self.names:
            raise ValueError("person: summary needs names, the columns of the employees' names")
        if self.person == "fixed" and not self.email:
            raise ValueError("person: fixed needs email, whose feed it is")
        if self.window is not None and self.window[0] > self.window[1]:
            raise ValueError("window: its first day lies after its last")
        return self


@dataclass(slots=True)
class Names:
    """Find employees by their names, and only where a name means one of them.

    :param ids: folded name -> HR ids of those who have it.
    """

    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def of(
        cls,
        employees: Rows,
        id_of: Callable[[Mapping[str, Any]], str | None],
        spellings: Iterable[Sequence[str]],
    ) -> Names:
        """Take the names of an employee source.

        :param employees: its rows.
        :param id_of: gives the HR id of a row, None where it has none.
        :param spellings: the columns of a name, for each way in which it is spelled.
        """
        found = cls()
        ways = list(spellings)
        for _, record in employees.numbered():
            key = id_of(record)
            if key is None:
                continue
            for columns in ways:
                parts = [as_text(dig(record, column)[1]) for column in columns]
                if all(parts):
                    found.ids[fold(" ".join(filter(None, parts)))].add(key)
        return found

    def find(self, name: str) -> str:
        """Return the HR id behind a name.

        :param name: as the feed spells it.
        :raises CellError: ``unknown_person``, or ``ambiguous_person`` when several have the name.
        """
        hits = self.ids.get(fold(name), set())
        if len(hits) != 1:
            raise CellError("ambiguous_person" if hits else "unknown_person")
        return next(iter(hits))


def read_ical(data: bytes | str, settings: FeedSettings, today: date, names: Names | None = None) -> Rows:
    """Read a feed; each occurrence of an event is a row.

    An event that cannot be read, or whose person is not sure, is an issue with its key: what it says is
    unknown, so nothing about it is taken back. Of a series that cannot be read not even the keys are known.

    :param data: the feed as it was fetched.
    :param settings: how its events are read.
    :param today: the day that the window is counted from.
    :param names: the employees, for ``person: summary``.
    :raises SourceError: when it is no calendar (a login page), cut off, or holds no event at all.
    """
    calendar = _parse(data)
    events, zones = calendar.walk("VEVENT"), calendar.walk("VTIMEZONE")
    if not events:
        raise SourceError("the calendar feed holds no events; an empty feed changes nothing")
    first, last = today - timedelta(days=settings.past_days), today + timedelta(days=settings.future_days)
    records: list[Mapping[str, Any]] = []
    numbers: list[int] = []
    issues: list[Issue] = []
    seen: list[date] = []
    for number, (uid, series) in enumerate(_by_uid(events).items(), start=1):
        try:
            occurrences = list(_occurrences(calendar, zones, series, uid, first, last))
        except CellError as wrong:
            # Of a series it is not even known which occurrences it has.
            issues.append(Issue(wrong.code, key=None if _recurs(series) else uid or None, row=number))
            continue
        for event, key in occurrences:
            seen += (_civil(event.start), _civil(event.end))
            try:
                record = _record(event, key, settings, names)
            except CellError as wrong:
                level: Level = "warning" if wrong.code == "unknown_person" else "error"
                issues.append(Issue(wrong.code, key=key, row=number, level=level))
                continue
            if record is not None:
                records.append(record)
                numbers.append(number)
    return Rows(
        tuple(records), COLUMNS, tuple(numbers), tuple(issues), _window(settings, today, seen, first, last)
    )


def _parse(data: bytes | str) -> Calendar:
    from icalendar import Calendar

    text = decode(data) if isinstance(data, bytes) else data
    body = text.lstrip("\ufeff").strip()
    if body[:1] == "<":
        raise SourceError("the address answered with a web page instead of a calendar: is a login needed?")
    if not body.upper().startswith("BEGIN:VCALENDAR"):
        raise SourceError("the source is no calendar: it does not begin with BEGIN:VCALENDAR")
    if not body.upper().endswith("END:VCALENDAR"):
        raise SourceError("the calendar feed is cut off: its end is missing")
    try:
        return Calendar.from_ical(body)  # type: ignore[return-value]
    except (ValueError, IndexError, KeyError) as error:
        # The parser's message quotes the line.
        raise SourceError(f"the calendar feed cannot be read ({type(error).__name__})") from None


def _by_uid(events: Iterable[Component]) -> dict[str, list[Component]]:
    """Group events by UID: the event of a series, and those that replace single occurrences of it."""
    found: dict[str, list[Component]] = defaultdict(list)
    for event in events:
        found[str(event.get("UID", "")).strip()].append(event)
    return found


def _occurrences(
    calendar: Calendar, zones: list[Component], series: list[Component], uid: str, first: date, last: date
) -> Iterator[tuple[Any, str]]:
    """Yield the occurrences of a series inside the horizon, each with a key that stays when it moves."""
    from icalendar import Calendar as Empty
    from recurring_ical_events import of

    if not uid:
        raise CellError("missing_key")
    if any(event.errors or event.get("DTSTART") is None for event in series):
        raise CellError("bad_date")
    if any(_within_a_day(event.get("RRULE")) for event in series):
        raise CellError("too_many_occurrences")
    alone = Empty()
    for name in _OF_CALENDAR:
        if name in calendar:
            alone.add(name, calendar[name])
    for part in [*zones, *series]:
        alone.add_component(part)
    recurs = _recurs(series)
    try:
        for number, event in enumerate(of(alone).between(first, last + _DAY)):
            if number >= MOST_OCCURRENCES:
                raise CellError("too_many_occurrences")
            at = event.get("RECURRENCE-ID", event["DTSTART"]).dt
            yield event, f"{uid}/{_stamp(at)}" if recurs else uid
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise CellError("bad_recurrence") from None


def _recurs(series: Iterable[Component]) -> bool:
    """Tell a series by its rule or by a replaced occurrence; without either, the UID is the key."""
    return any(name in event for event in series for name in ("RRULE", "RDATE", "RECURRENCE-ID"))


def _within_a_day(rules: Any) -> bool:
    """Tell whether a series recurs within a day: no absence does, and some such rules never come to an end."""
    return any(
        str(rule.get("FREQ", [""])[0]).upper() in ("SECONDLY", "MINUTELY", "HOURLY")
        or any(len(rule.get(part, [])) > 1 for part in ("BYHOUR", "BYMINUTE", "BYSECOND"))
        for rule in _listed(rules or [])
    )


def _record(event: Any, key: str, settings: FeedSettings, names: Names | None) -> Mapping[str, Any] | None:
    if settings.transparent == "skip" and str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return None
    word = str(event.get("STATUS", "CONFIRMED")).upper()
    if word not in STATUSES:
        raise CellError("unknown_status")
    employee_id, email, kind_of_absence = _person(event, settings, names)
    start, end = event.start, event.end
    whole = _whole_days(start, end)
    return {
        "key": key,
        "employee_id": employee_id,
        "email": email,
        "status": STATUSES[word],
        "type": kind_of_absence,
        "start": _civil(start).isoformat() if whole else start.isoformat(),
        # DTEND is the first day or moment after the event.
        "end": _last_day(start, end).isoformat() if whole else end.isoformat(),
        "kind": "whole" if whole else "partial",
        "hours": None if whole else f"{_hours(start, end):.2f}",
        "unit": None if whole else "hours",
    }


def _person(
    event: Any, settings: FeedSettings, names: Names | None
) -> tuple[str | None, str | None, str | None]:
    """Return HR id, address and type of the absence; exactly one of the first two is known."""
    title = as_text(event.get("SUMMARY")) or ""
    found = re.fullmatch(settings.pattern, title)
    kind = found.groupdict().get("type") if found else None
    kind = kind or _category(event)
    if settings.person == "fixed":
        return None, settings.email, kind
    if settings.person == "summary":
        if found is None:
            raise CellError("unknown_person")
        return (names or Names()).find(found["name"]), None, kind
    given = event.get(settings.person.upper(), [])
    addresses = {fold_email(str(one)[7:]) for one in _listed(given) if str(one).lower().startswith("mailto:")}
    if len(addresses) != 1:
        raise CellError("ambiguous_person" if addresses else "unknown_person")
    return None, addresses.pop(), kind


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _category(event: Any) -> str | None:
    for one in _listed(event.get("CATEGORIES", [])):
        for word in getattr(one, "cats", [one]):
            if text := as_text(str(word)):
                return text
    return None


def _civil(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _whole_days(start: date | datetime, end: date | datetime) -> bool:
    """Tell whether an event is of whole days: by its type, or from midnight to midnight where it is."""
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return True
    return start.time() == time(0) and end.time() == time(0) and end.date() > start.date()


def _last_day(start: date | datetime, end: date | datetime) -> date:
    return max(_civil(start), _civil(end) - _DAY)


def _hours(start: datetime, end: datetime) -> float:
    """Return the hours that pass; two times of one zone would be told apart by the clock on the wall."""
    if start.tzinfo is not None and end.tzinfo is not None:
        start, end = start.astimezone(UTC), end.astimezone(UTC)
    return (end - start).total_seconds() / 3600


def _stamp(moment: date | datetime) -> str:
    """Spell when an occurrence was planned, the same whatever zone it is told in."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.strftime("%Y%m%dT%H%M%S" if isinstance(moment, datetime) else "%Y%m%d")


def _window(
    settings: FeedSettings, today: date, seen: list[date], first: date, last: date
) -> tuple[date | None, date | None]:
    """Return the days of which the feed speaks; an empty one when it speaks of none that are read."""
    if settings.window is not None:
        begin, end = (today + timedelta(days=days) for days in settings.window)
    elif seen:
        begin, end = min(seen), max(seen)
    else:
        begin, end = last, first
    return max(begin, first), min(end, last)
