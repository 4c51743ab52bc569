"""Say whom the rows of a table are about, so that what is stored about somebody can be erased."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calcom_provider.warehouse.schema import Table


@dataclass(frozen=True, slots=True)
class Subject:
    """Say how a table tells of a person.

    Rows about a person are deleted; in rows about others only what tells of the person is set to null. Rows
    whose parent row is deleted go with it.

    :param user: columns with the person's user id; rows with it are deleted.
    :param email: columns with the person's address; rows with it are deleted.
    :param clear_user: columns with the user id of somebody else's row, set to null.
    :param clear_email: the same for addresses.
    :param clear_with: columns that tell of whom those name, set to null together with them.
    :param clear_shared: columns, set to null in rows whose child rows are about the person: texts of a
        booking that name who takes part.
    :param directory: the table tells which address belongs to which user id: where a person is looked up.
    """

    user: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    clear_user: tuple[str, ...] = ()
    clear_email: tuple[str, ...] = ()
    clear_with: tuple[str, ...] = ()
    clear_shared: tuple[str, ...] = ()
    directory: bool = False

    def __post_init__(self) -> None:
        if self.directory and not (self.user and self.email):
            raise ValueError("a directory needs a column with user ids and one with addresses")

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column that is named."""
        return (*self.user, *self.email, *self.cleared)

    @property
    def cleared(self) -> tuple[str, ...]:
        """Return the columns that are set to null in rows about others."""
        return (*self.clear_user, *self.clear_email, *self.clear_with, *self.clear_shared)

    @property
    def deletes(self) -> bool:
        """Tell whether rows are deleted with the person."""
        return bool(self.user or self.email)

    def check(self, name: str, columns: Iterable[str]) -> None:
        """Refuse a subject that names columns which are not there.

        :param name: the table, for the message.
        :param columns: names of its columns.
        :raises ValueError: naming the first one that is missing.
        """
        missing = sorted(set(self.columns) - set(columns))
        if missing:
            raise ValueError(f"{name}: its subject names {missing[0]}, which is no column of it")


def check_declared(table: Table, subject: Subject | None, owner: Subject | None = None) -> None:
    """Refuse a table that tells of people and does not say of whom, so that no erasure can pass it by.

    Where rows are not deleted with the person, each personal column is one that is set to null.

    :param table: the declared table.
    :param subject: whom its rows are about, None where nobody said.
    :param owner: whom the rows are about that own rows of this one, None without a parent.
    :raises ValueError: naming the table and a personal column.
    """
    told = subject or Subject()
    told.check(f"table {table.name}", table.names)
    if told.deletes or (table.parent is not None and owner is not None and owner.deletes):
        return
    personal = [column.name for column in table.columns if column.data_class == "personal"]
    missed = [name for name in personal if name not in told.cleared]
    if missed:
        raise ValueError(
            f"table {table.name}: {missed[0]} is personal, and no erasure would reach it: "
            "say in its subject by which columns the person is found"
        )
