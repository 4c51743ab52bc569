"""A dialect of SQLAlchemy that spells statements for Snowflake; it connects to nothing and needs no package."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import GenericTypeCompiler, IdentifierPreparer, SQLCompiler

from calcom_provider.warehouse.backends.snowflake.naming import literal

_NAMES = {"DOUBLE": "DOUBLE", "TEXT": "VARCHAR", "DATETIME": "TIMESTAMP_NTZ"}
#: Spells the types of SQLAlchemy, by their names.
_Types: type[GenericTypeCompiler] = type(
    "_Types",
    (GenericTypeCompiler,),
    {f"visit_{kind}": lambda self, type_, name=name, **kw: name for kind, name in _NAMES.items()},
)


class _Compiler(SQLCompiler):
    def render_literal_value(self, value: Any, type_: Any) -> str:
        """Spell a value; a backslash in a text begins an escape."""
        return literal(value) if isinstance(value, str) else super().render_literal_value(value, type_)


class _Unquoted(IdentifierPreparer):
    """Leave names of small letters unquoted: Snowflake stores them in capitals and would not find quoted ones."""

    reserved_words: ClassVar[set[str]] = set()  # type: ignore[misc]


class SnowflakeDialect(DefaultDialect):
    """Spell statements for Snowflake."""

    name = "snowflake"
    statement_compiler = _Compiler
    type_compiler_cls = _Types
    preparer = _Unquoted
    supports_native_boolean = True
    supports_statement_cache = True
    """What it spells follows from a statement alone."""
