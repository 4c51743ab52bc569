"""SQL functions that each database spells in its own way, as SQLAlchemy constructs.

Times are UTC and days are civil days, in the column types of the warehouse. How a database spells a function is known
to its backend (:class:`calcom_provider.warehouse.backends.views.Views`), which also turns a select made of them into
text.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from calcom_provider.warehouse.backends.views import Views


class SpelledFunction(FunctionElement[Any]):
    """Leave the spelling to the backend of the database: ``views.functions``, by the name of the class."""

    inherit_cache = True
    #: Whether arguments stand in brackets where they are expressions; without need between the commas of a function.
    grouped = True


class utc_date(SpelledFunction):  # noqa: N801 - reads as a function of SQL
    """Give the day of a time in UTC: ``utc_date(time)``."""

    type, inherit_cache = sa.Date(), True


class day_start(SpelledFunction):  # noqa: N801
    """Give the first moment of a day in UTC, to compare times with: ``day_start(day)``."""

    type, inherit_cache = sa.DateTime(), True


class add_days(SpelledFunction):  # noqa: N801
    """Move a day: ``add_days(day, number)``."""

    type, inherit_cache = sa.Date(), True


class add_minutes(SpelledFunction):  # noqa: N801
    """Move a time: ``add_minutes(time, number)``."""

    type, inherit_cache = sa.DateTime(), True


class days_between(SpelledFunction):  # noqa: N801
    """Count the days from one day to another: ``days_between(first, last)``."""

    type, inherit_cache = sa.BigInteger(), True


class minutes_between(SpelledFunction):  # noqa: N801
    """Count the full minutes from one time to another, cut towards zero, parts of seconds left out."""

    type, inherit_cache = sa.BigInteger(), True


class json_text(SpelledFunction):  # noqa: N801
    """Give a scalar of a JSON document as text: ``json_text(document, "key", "key")``.

    Null for JSON null and for a path that is not there; ``true`` and ``false`` for truth values.
    """

    type, inherit_cache = sa.Text(), True

    def __init__(self, document: Any, *path: str) -> None:
        super().__init__(document, *(sa.literal(part, sa.Text()) for part in path))


class json_listed(SpelledFunction):  # noqa: N801
    """Give the texts of a field of objects in a list, as far as a flag of theirs is false.

    ``json_listed(document, "list", "field", "flag")``, where the document is a JSON object as text. Each text once, in
    order, with a comma and a space between two; null for none.
    """

    type, inherit_cache = sa.Text(), True

    def __init__(self, document: Any, key: str, field: str, flag: str) -> None:
        super().__init__(document, *(sa.literal(part, sa.Text()) for part in (key, field, flag)))


class short_text(SpelledFunction):  # noqa: N801
    """Give a text of at most 255 characters as one that a database can make an index of: ``short_text(text)``."""

    type, inherit_cache = sa.Text(), True


class percent(SpelledFunction):  # noqa: N801
    """Give a part of a whole in percent, as a float; null of nothing: ``percent(part, whole)``."""

    type, inherit_cache = sa.Double(), True


class utc_today(SpelledFunction):  # noqa: N801
    """Give the present day in UTC: ``utc_today()``."""

    type, inherit_cache = sa.Date(), True


class utc_now(SpelledFunction):  # noqa: N801
    """Give the present time in UTC, to compare times with: ``utc_now()``."""

    type, inherit_cache = sa.DateTime(), True


class from_epoch(SpelledFunction):  # noqa: N801
    """Give the time that lies some seconds after the begin of 1970: ``from_epoch(seconds)``."""

    type, inherit_cache = sa.DateTime(), True


class text_position(SpelledFunction):  # noqa: N801
    """Give the place at which a part begins in a text, 0 where it is not in it: ``text_position(text, part)``."""

    type, inherit_cache = sa.BigInteger(), True
    grouped = False


class holds_text(SpelledFunction):  # noqa: N801
    """Tell whether a text, or a JSON document as text, holds another: ``holds_text(document, part)``."""

    type, inherit_cache = sa.Boolean(), True


def clock_minutes(text: Any) -> Any:
    """Give the minutes since midnight of a time of the day such as ``09:30``."""
    hours, minutes = (sa.cast(sa.func.substr(text, at, 2), sa.Integer()) for at in (1, 4))
    return hours * 60 + minutes


@compiles(SpelledFunction)
def _spelled(element: SpelledFunction, compiler: Any, **kw: Any) -> str:
    views: Views = compiler.dialect.calcom_views
    clauses = [one.self_group() if element.grouped else one for one in element.clauses]
    parts = [compiler.process(clause, **kw) for clause in clauses]
    return views.functions[type(element).__name__].format(*parts)


@compiles(json_text)
def _json_text(element: json_text, compiler: Any, **kw: Any) -> str:
    views: Views = compiler.dialect.calcom_views
    document, keys = _document_and_keys(element, compiler, **kw)
    return views.json_text(document, keys)


@compiles(json_listed)
def _json_listed(element: json_listed, compiler: Any, **kw: Any) -> str:
    views: Views = compiler.dialect.calcom_views
    document, keys = _document_and_keys(element, compiler, **kw)
    return views.json_listed(document, *keys)


def _document_and_keys(element: SpelledFunction, compiler: Any, **kw: Any) -> tuple[str, list[str]]:
    document, *path = element.clauses
    keys = [clause.value for clause in path]  # type: ignore[attr-defined]
    if any('"' in key or "\\" in key or "'" in key for key in keys):
        raise ValueError("a JSON key with a quote or a backslash cannot be asked for")
    return str(compiler.process(document.self_group(), **kw)), keys
