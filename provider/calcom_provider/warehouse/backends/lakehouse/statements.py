"""The statements that a session on a lakehouse does itself, told by their text; all others are DuckDB's."""

from __future__ import annotations

import re

_NAME = r'((?:temp\.main\.|main\.)?"(?:[^"]|"")*"|[\w.]+)'
INSERT = re.compile(rf"\s*INSERT INTO {_NAME}(.*)", re.DOTALL)
UPDATE = re.compile(rf"\s*UPDATE {_NAME} SET (.*?)(?: FROM (.*?))?(?: WHERE (.*))?\s*$", re.DOTALL)
DELETE = re.compile(rf"\s*DELETE FROM {_NAME}(?: WHERE (.*))?\s*$", re.DOTALL)
ADD_COLUMN = re.compile(rf"\s*ALTER TABLE {_NAME} ADD COLUMN {_NAME} \w.*$")
RETYPE = re.compile(rf"\s*ALTER TABLE {_NAME} ALTER COLUMN {_NAME} TYPE (\w+)")
DROP_COLUMN = re.compile(rf"\s*ALTER TABLE {_NAME} DROP COLUMN {_NAME}\s*$")
RENAME_COLUMN = re.compile(rf"\s*ALTER TABLE {_NAME} RENAME COLUMN {_NAME} TO {_NAME}\s*$")
RENAME = re.compile(rf"\s*ALTER TABLE {_NAME} RENAME TO {_NAME}\s*$")
DROP = re.compile(rf"\s*DROP TABLE (?:IF EXISTS )?{_NAME}\s*$")
SOURCE = re.compile(r'(?<!\w)(?:FROM|JOIN)\s+(?:"((?:[^"]|"")*)"|(\w+)(?![\w.]))')
_PARAMETER = re.compile(r'("[^"]*"|\'[^\']*\'|::)|:([A-Za-z_]\w*)')
CREATE = re.compile(rf"\s*CREATE TABLE (IF NOT EXISTS )?{_NAME}\s*((?:\(|AS\b).*)", re.DOTALL)
DROP_VIEW = re.compile(rf"\s*DROP VIEW (?:IF EXISTS )?{_NAME}\s*$")
#: A query of which no rows are wanted, only what they would look like.
SHAPE = re.compile(rf"\s*DESCRIBE\b|.*\bLIMIT 0\s*$|.*\bSELECT \* FROM {_NAME} WHERE 1 = 0\s*$", re.DOTALL)


def spelled(sql: str) -> str:
    """Spell the parameters of a statement as DuckDB does."""
    return _PARAMETER.sub(lambda match: match[1] or f"${match[2]}", sql)


def unquoted(name: str) -> str:
    """Give a name of a statement as it is; one of a staging table stays."""
    if name.startswith("temp."):
        return name
    name = name.removeprefix("main.")
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
