"""How names are stored in Snowflake, which puts unquoted ones into capitals.

A name of small letters, digits and underscores is stored in capitals, so that people write ``calcom_teams`` without
quotes, and so do dbt and the statements of this package. A name that is all capitals is stored in small letters, since
it would be the same name else; any other one is stored as it is and needs quotes.
"""

from __future__ import annotations

import re

_SMALL = re.compile(r"[a-z_][a-z0-9_$]*")
_CAPITALS = re.compile(r"[A-Z_][A-Z0-9_$]*")


def stored(name: str) -> str:
    """Return how a name is stored, and which name is stored so: the rule is its own inverse.

    :param name: name of a table, column or schema.
    """
    return name.swapcase() if _SMALL.fullmatch(name) or _CAPITALS.fullmatch(name) else name


def quote(name: str) -> str:
    """Return a name as it stands in a statement.

    :param name: name of a table, column or schema.
    """
    return '"' + stored(name).replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as it stands in a statement; a backslash begins an escape there.

    :param text: any text.
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
