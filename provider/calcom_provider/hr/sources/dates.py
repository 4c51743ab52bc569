"""Read the dates of HR exports as civil days.

An HR system says "away on the fourth": a day of the calendar, not an instant. Cal.com reads its entries the
same way, so days travel without any zone conversion. Only a real instant, one with a time of day that is
not a day's edge, has to be carried into the person's zone to find the day it falls on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from calcom_provider.hr.errors import CellError, HrSettingsError
from calcom_provider.hr.sources.cells import as_text, is_missing

EndIs = Literal["inclusive", "exclusive"]

_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(Z|[+-]\d{2}:\d{2})?")
_EPOCH = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_SERIAL = re.compile(r"\d{4,6}(\.0)?")
_EXCEL_ZERO = date(1899, 12, 30)
_LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True)
class Moment:
    """Hold a parsed date: a civil day, or an instant that needs a zone to become one.

    :param day: the day as written.
    :param clock: the time of day as written, None for a bare date.
    :param instant: the instant, when the text named its offset.
    """

    day: date
    clock: time | None = None
    instant: datetime | None = None

    def start_day(self, zone: ZoneInfo) -> date:
        """Return the first day meant.

        :param zone: the person's zone, used only for an instant inside a day.
        """
        return self._in_zone(zone) if self._inside_a_day() else self.day

    def end_day(self, zone: ZoneInfo, end_is: EndIs = "inclusive") -> date:
        """Return the last day meant.

        :param zone: the person's zone, used only for an instant inside a day.
        :param end_is: whether midnight of a day includes that day (default) or ends before it.
        """
        if self._inside_a_day():
            return self._in_zone(zone)
        at_midnight = self.clock is None or self.clock.replace(microsecond=0) == time(0)
        return self.day - timedelta(days=1) if end_is == "exclusive" and at_midnight else self.day

    def _inside_a_day(self) -> bool:
        # 00:00 and 23:59 in the offset as written are the edges of a civil day, whatever the offset is.
        return (
            self.instant is not None
            and self.clock is not None
            and self.clock != time(0)
            and self.clock < _LAST_MINUTE
        )

    def _in_zone(self, zone: ZoneInfo) -> date:
        return self.instant.astimezone(zone).date() if self.instant else self.day


#: How BambooHR writes that there is no date.
_NO_DATE = "0000-00-00"


def parse_moment(value: Any, formats: Sequence[str] = ("iso",)) -> Moment | None:
    """Read one date cell, None when it is missing.

    :param value: a cell as the source gave it; dates and datetimes are taken as they are.
    :param formats: tried in order: ``iso``, ``excel`` (serial day numbers), ``epoch_ms`` (``/Date(...)/``)
        or a ``strptime`` pattern.
    :raises CellError: ``bad_date`` when no format fits or the day does not exist.
    """
    if is_missing(value):
        return None
    if isinstance(value, datetime):
        return _from_datetime(value)
    if isinstance(value, date):
        return Moment(value)
    text = as_text(value) or ""
    if text == _NO_DATE:
        return None
    for name in formats:
        try:
            found = _READERS[name](text) if name in _READERS else _from_pattern(text, name)
        except (ValueError, OverflowError):
            raise CellError("bad_date") from None
        if found is not None:
            return found
    raise CellError("bad_date")


def sortable(value: Any, formats: Sequence[str]) -> str:
    """Return a time of change as text that sorts, empty when it cannot be read.

    :param value: a cell as the source gave it.
    :param formats: see :func:`parse_moment`.
    """
    try:
        moment = parse_moment(value, formats)
    except CellError:
        return ""
    if moment is None:
        return ""
    if moment.instant is not None:
        return moment.instant.astimezone(UTC).isoformat(timespec="microseconds")
    return datetime.combine(moment.day, moment.clock or time(0), UTC).isoformat(timespec="microseconds")


def check_formats(formats: Sequence[str], where: str) -> None:
    """Refuse a date format that is neither a known name nor a ``strptime`` pattern.

    :param formats: the formats of a mapping.
    :param where: path of the setting, for the message.
    :raises HrSettingsError: when one is neither.
    """
    for name in formats:
        if name not in _READERS and "%" not in name:
            raise HrSettingsError(f"{where}: {name!r} is neither iso, excel, epoch_ms nor a strptime pattern")


def each_day(start: date, end: date) -> Iterator[date]:
    """Yield every civil day from start to end, both included.

    :param start: first day.
    :param end: last day; nothing is yielded when it lies before the first.
    """
    for step in range((end - start).days + 1):
        yield start + timedelta(days=step)


def today_in(zone: str) -> date:
    """Return today's civil day in a zone.

    :param zone: IANA name.
    """
    return datetime.now(zone_of(zone)).date()


def zone_of(name: str) -> ZoneInfo:
    """Return the zone of an IANA name.

    :param name: such as ``Europe/Berlin``.
    :raises HrSettingsError: for a name that no zone has.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise HrSettingsError(f"timezone: {name!r} is no IANA zone name") from None


def _from_datetime(value: datetime) -> Moment:
    plain = datetime(
        value.year,
        value.month,
        value.day,
        value.hour,
        value.minute,
        value.second,
        value.microsecond,
        value.tzinfo,
    )
    return Moment(plain.date(), plain.timetz().replace(tzinfo=None), plain if plain.tzinfo else None)


def _from_iso(text: str) -> Moment | None:
    # XML dates carry an offset (2026-05-04-07:00); it does not move the day.
    if bare := _ISO_DAY.fullmatch(text):
        return Moment(date(int(bare[1]), int(bare[2]), int(bare[3])))
    if not re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:", text):
        return None
    return _from_datetime(datetime.fromisoformat(text))


def _from_excel(text: str) -> Moment | None:
    if not _SERIAL.fullmatch(text):
        return None
    return Moment(_EXCEL_ZERO + timedelta(days=int(text.partition(".")[0])))


def _from_epoch(text: str) -> Moment | None:
    found = _EPOCH.fullmatch(text)
    if not found:
        return None
    return _from_datetime(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1])))


def _from_pattern(text: str, pattern: str) -> Moment | None:
    try:
        found = datetime.strptime(text, pattern)
    except ValueError:
        return None
    has_clock = any(code in pattern for code in ("%H", "%I", "%X", "%c", "%T"))
    if not has_clock:
        return Moment(found.date())
    return _from_datetime(found)


_READERS = {"iso": _from_iso, "excel": _from_excel, "epoch_ms": _from_epoch}
