"""Read single cells of HR rows: text stays text, typed input follows stated rules.

A cell from a CSV or JSON file is text and is never guessed at: ``NA`` is North America, not a missing value.
Typed input (SQL rows, data frames) is taken by rule: missing is None, NaN, NaT or pandas' NA; an integer is
its digits; a float is a number and never an id.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from calcom_provider.hr.errors import CellError
from calcom_provider.hr.sources.text import clean, fold

_TRUE = {"1", "true", "yes", "ja", "y", "x", "t"}
_FALSE = {"0", "false", "no", "nein", "n", "f"}
_FLOAT_DAMAGE = re.compile(r"-?\d+\.0+")


def is_missing(value: Any) -> bool:
    """Say whether a typed value stands for nothing.

    Text is missing only when it is blank; the words ``NA``, ``None`` and ``null`` are text like any other.

    :param value: a cell as the source gave it.
    """
    if value is None:
        return True
    if isinstance(value, str):
        return not clean(value)
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, Decimal):
        return value.is_nan()
    return type(value).__name__ in {"NAType", "NaTType"}


def dig(record: Mapping[str, Any], path: str) -> tuple[bool, Any]:
    """Find a column by its name, or by a dotted path into nested objects.

    A column that literally has the dotted name wins. Returns whether it was there, and its value.

    :param record: one row.
    :param path: column name or dotted path; a number steps into a list.
    """
    if path in record:
        return True, record[path]
    place: Any = record
    for step in path.split("."):
        if isinstance(place, Mapping) and step in place:
            place = place[step]
        elif isinstance(place, list) and step.isdigit() and int(step) < len(place):
            place = place[int(step)]
        else:
            return False, None
    return True, place


def as_text(value: Any) -> str | None:
    """Return a cell as cleaned text, None when it is missing.

    :param value: a cell as the source gave it.
    :raises CellError: for bytes and nested values.
    """
    if is_missing(value):
        return None
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return plain_number(Decimal(repr(value)))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | Mapping | list | tuple):
        raise CellError("not_text")
    if hasattr(value, "item"):  # NumPy scalars unwrap to the Python type
        return as_text(value.item())
    return clean(str(value))


def as_id(value: Any) -> str | None:
    """Return an id as text; a float has lost digits or gained a point, so it is refused.

    :param value: a cell as the source gave it.
    :raises CellError: ``float_id`` for a float, ``not_text`` for nested values.
    """
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if is_missing(value):
        return None
    if isinstance(value, float) or (isinstance(value, Decimal) and value.as_tuple().exponent != 0):
        raise CellError("float_id")
    if isinstance(value, bool):
        raise CellError("not_text")
    return as_text(value)


def as_flag(value: Any) -> bool:
    """Return a yes-or-no cell; missing is no.

    :param value: a cell as the source gave it.
    :raises CellError: ``bad_flag`` for anything that is neither.
    """
    text = as_text(value)
    if text is None or fold(text) in _FALSE:
        return False
    if fold(text) in _TRUE:
        return True
    raise CellError("bad_flag")


def as_decimal(value: Any, *, decimal: str = ".", grouping: str = "") -> Decimal | None:
    """Return a number, None when the cell is missing.

    :param value: a cell as the source gave it.
    :param decimal: the decimal sign of text cells, default a dot.
    :param grouping: the grouping sign of text cells, default none: ``1,200`` is refused then.
    :raises CellError: ``bad_number`` for anything else, exponents and infinities included.
    """
    text = as_text(value)
    if text is None:
        return None
    if isinstance(value, str):
        if grouping:
            pattern = rf"[+-]?(\d{{1,3}}({re.escape(grouping)}\d{{3}})+|\d+)({re.escape(decimal)}\d+)?"
        else:
            pattern = rf"[+-]?\d+({re.escape(decimal)}\d+)?"
        if not re.fullmatch(pattern, text, re.ASCII):
            raise CellError("bad_number")
        text = text.replace(grouping, "") if grouping else text
        text = text.replace(decimal, ".")
    elif not re.fullmatch(r"[+-]?\d+(\.\d+)?", text, re.ASCII):
        raise CellError("bad_number")
    return Decimal(text)


def plain_number(value: Decimal) -> str:
    """Return the canonical text of a number: a dot, no grouping, no exponent, no idle zeros.

    :param value: a finite number.
    :raises CellError: ``bad_number`` for infinities.
    """
    if not value.is_finite():
        raise CellError("bad_number")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def looks_float_damaged(text: str) -> bool:
    """Say whether a code looks like an integer that went through a float: ``42.0`` for ``0042``.

    :param text: a cell's text.
    """
    return bool(_FLOAT_DAMAGE.fullmatch(text))


def split_values(value: Any, separators: Sequence[str]) -> list[str]:
    """Split one cell into its values: a JSON list, a real list, or text parted by separators.

    Empty parts go, and values that fold to the same text stay once, in the spelling that came first.

    :param value: a cell as the source gave it.
    :param separators: texts that part values, such as ``;``.
    :raises CellError: ``bad_list`` for a list that holds more than plain values.
    """
    parts: list[Any]
    if isinstance(value, list | tuple):
        parts = list(value)
    else:
        text = as_text(value) if not isinstance(value, str) else value
        if text is None or not text.strip():
            return []
        parts = _json_list(text) or _split_text(text, separators)
    seen: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Mapping | list | tuple):
            raise CellError("bad_list")
        plain = as_text(part)
        if plain:
            seen.setdefault(fold(plain), plain)
    return list(seen.values())


def _json_list(text: str) -> list[Any] | None:
    stripped = text.strip()
    if not (stripped.startswith("[") and stripped.endswith("]")):
        return None
    try:
        loaded = json.loads(stripped, parse_float=Decimal)
    except ValueError:
        return None
    return loaded if isinstance(loaded, list) else None


def _split_text(text: str, separators: Sequence[str]) -> list[Any]:
    if not separators:
        return [text]
    return re.split("|".join(re.escape(one) for one in sorted(separators, key=len, reverse=True)), text)
