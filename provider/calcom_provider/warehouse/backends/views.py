"""What a database must offer for views: to say which there are, and for reporting views to spell functions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from calcom_provider.warehouse.backends.protocols import BackendLike, SessionLike
from calcom_provider.warehouse.schema import Column

if TYPE_CHECKING:
    import sqlalchemy as sa


class ViewCatalogue:
    """Make views and look them up in one kind of database.

    :cvar relation_query: gives what has the name ``:name``: ``view`` or another word.
    :cvar columns_query: gives name and type of the columns of ``:name``, in order.
    :cvar schema_query: gives a row if the schema is there; None for a database without schemas.
    :cvar here: what stands for ``{schema}`` in these queries when no schema was named.
    """

    relation_query: ClassVar[str]
    columns_query: ClassVar[str]
    schema_query: ClassVar[str | None] = None
    here: ClassVar[str] = ""

    def stored(self, name: str) -> str:
        """Return the name by which the catalogue knows one of ours, or ours for one of its own."""
        return name

    def has_schema(self, session: SessionLike) -> bool:
        """Tell whether the schema of the warehouse is there."""
        return not (session.backend.schema and self.schema_query) or bool(
            self.fetch(session, self.schema_query)
        )

    def relation(self, session: SessionLike, name: str) -> Literal["view", "table"] | None:
        """Tell what has a name in the schema of the warehouse; None when nothing has."""
        rows = self.fetch(session, self.relation_query, name=name)
        if not rows:
            return None
        return "view" if str(rows[0][0]).casefold() == "view" else "table"

    def typed_columns(self, session: SessionLike, name: str) -> dict[str, str]:
        """Give the columns of a view or a table in order, each with its type as the database names it."""
        return {
            self.stored(str(column)): str(kind)
            for column, kind in self.fetch(session, self.columns_query, name=name)
        }

    def view_columns(self, session: SessionLike, name: str) -> list[str] | None:
        """Give the columns of a view in order; None when there is no view of that full name."""
        if self.relation(session, name) != "view":
            return None
        return list(self.typed_columns(session, name))

    def put(self, session: SessionLike, name: str, text: str) -> bool:
        """Make a view, in place of one of the same name; the caller holds the transaction.

        :returns: whether grants of the view that was there are gone.
        """
        session.execute(f"CREATE OR REPLACE VIEW {session.backend.qualify(name)} AS {text}")
        return False

    def fetch(self, session: SessionLike, query: str, **params: str) -> list[tuple[Any, ...]]:
        """Ask the catalogue; ``{schema}`` in the query is the schema of the warehouse."""
        schema = session.backend.schema
        if "{schema}" in query and schema:
            params["schema"] = schema
        asked = {name: self.stored(value) for name, value in params.items()}
        return session.fetch(query.format(schema=":schema" if schema else self.here), asked)


class Views(ViewCatalogue, ABC):
    """Spell reporting views, beside making them and looking them up.

    :cvar functions: name of a function of :mod:`calcom_provider.reporting.functions` -> its spelling, in which
        ``{0}`` is the first argument. Times are UTC and days civil days, in the column types of the warehouse.
    :cvar comments_query: gives the comments of the table or view ``:name``: column, empty for the thing itself, and
        text; nothing of what this role may not comment on. Empty where comments cannot be changed.
    :cvar only_null: types that a column of nulls gets, which holds nothing else.
    :cvar casts: whether a value must be cast to go into a column of another type.
    :cvar repeats_lookups: whether a table is read again for every row that it is joined to by columns that no key
        begins with; a subquery with distinct rows is indexed.
    :cvar joins_in_order: word after ``SELECT`` that has tables joined in the order in which they are named, for a
        database that does not know how many rows a subquery gives; empty for one that plans better by itself.
    """

    functions: ClassVar[Mapping[str, str]]
    comments_query: ClassVar[str] = ""
    only_null: ClassVar[frozenset[str]] = frozenset()
    casts: ClassVar[bool] = False
    repeats_lookups: ClassVar[bool] = False
    joins_in_order: ClassVar[str] = ""

    @abstractmethod
    def dialect(self) -> sa.Dialect:
        """Give SQLAlchemy's dialect, with named parameters: they keep the percent sign single."""

    @abstractmethod
    def json_text(self, document: str, keys: Sequence[str]) -> str:
        """Spell a scalar of a JSON document as text; null for JSON null and for a path that is not there.

        :param document: spelling of the document.
        :param keys: path to the value; none holds a quote or a backslash.
        """

    @abstractmethod
    def json_listed(self, document: str, key: str, field: str, flag: str) -> str:
        """Spell the texts of a field of the objects in a list of a JSON document, as far as a flag of theirs is false.

        Each text once, in order, with a comma and a space between two; null for none, or without such a list.

        :param document: spelling of the document, an object as text.
        :param key: where the list is in the document; none of these names holds a quote or a backslash.
        :param field: field of the objects that is given.
        :param flag: field of the objects that has to be false.
        """

    def sql_text(self, statement: sa.ClauseElement) -> str:
        """Spell a statement with its values in the text, since a view takes no parameters.

        :param statement: select or expression.
        """
        dialect: Any = self.dialect()
        # A backslash in a text is taken as it is: sessions are set to that where it is not the rule.
        dialect._backslash_escapes = False
        dialect.calcom_views = self
        return self.improved(str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})))

    def improved(self, text: str) -> str:
        """Change the text of a statement so that the database plans it well."""
        return text

    def remark(
        self,
        session: SessionLike,
        name: str,
        kind: Literal["view", "table"],
        text: str,
        columns: Mapping[str, str],
    ) -> bool:
        """Bring the comments of a view or a table up to date; tell whether any was another one.

        :param name: full name.
        :param text: comment of the view or table itself.
        :param columns: column -> comment; those that it does not have are passed over.
        """
        if not self.comments_query:
            return False
        held = {
            str(column): told or "" for column, told in self.fetch(session, self.comments_query, name=name)
        }
        told = {"": text, **columns}
        changed = {column: said for column, said in told.items() if held.get(column, said) != said}
        for statement in comments(session.backend, name, kind, changed):
            session.execute(statement)
        return bool(changed)

    def await_consistency(
        self, session: SessionLike, prefix: str, wait: float
    ) -> Mapping[str, Collection[str]]:
        """Let a session that only reads see tables as they stood together, where no transaction spans them.

        :param prefix: what the names of the tables begin with.
        :param wait: seconds to wait for a run that publishes.
        :returns: runs that ended while they published -> tables that hold rows of theirs.
        :raises LoadInProgressError: when a run publishes for longer.
        """
        return {}

    def analyze(self, session: SessionLike, prefix: str) -> None:
        """Look at tables that were never looked at, where the database does not do so by itself in time."""

    def made_of_query(self, session: SessionLike, name: str) -> None:
        """Make up for what the database takes from a query's values of today when it makes a table of it."""


def comments(
    backend: BackendLike, name: str, kind: Literal["view", "table"], said: Mapping[str, str]
) -> Iterator[str]:
    """Spell the statements that comment on a table or a view, as PostgreSQL and DuckDB do.

    :param name: full name.
    :param said: column -> comment; an empty column is the table or view itself.
    """
    target = backend.qualify(name)
    for column, text in said.items():
        what = f"COLUMN {target}.{backend.quote(column)}" if column else f"{kind.upper()} {target}"
        literal = text.replace("'", "''")
        yield f"COMMENT ON {what} IS '{literal}'"


def comment_table(session: SessionLike, table: str, text: str, columns: Sequence[Column]) -> None:
    """Comment on a table and on columns of it, where there is something to say.

    :param table: full name.
    """
    said = {"": text, **{one.name: one.comment for one in columns}}
    told = {name: comment for name, comment in said.items() if comment}
    for statement in comments(session.backend, table, "table", told):
        session.execute(statement)


def json_path(keys: Sequence[str]) -> str:
    """Spell a path as most databases do, each key in quotes."""
    return "$" + "".join(f'."{key}"' for key in keys)
