"""Write docs/tables-reference.rst from the declared resources.

Run with ``--check`` to fail when the page is not what it would be made to.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from calcom_provider.resources import DEFAULT, catalogue
from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.model import Resource
from calcom_provider.resources.registry import unread_lists
from calcom_provider.warehouse.schema import Column, Table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tables-reference.rst"
GROUPS = {
    "organization": "Organisation",
    "teams": "Teams",
    "bookings": "Bookings",
    "platform": "Platform",
    "account": "Account",
}
HEAD = """\
Tables
======

.. made by tools/make_tables_page.py, do not edit

Every table begins with the prefix of the warehouse, ``calcom_`` unless another is chosen. Keys begin with
``organization_id`` (and ``account_id`` where one account is read). Foreign keys are named, here, in the comments of the
columns and in ``calcom_table_references``, not enforced (:ref:`warehouse-keys`): ``users`` holds what the API lists as
users, and a pending member has no row there.

*Class* says what a column tells about people. *Sensitive* columns are stored only when asked for, *secret*
ones only when named one by one. Besides the columns below every table has ``_calcom_run_id``,
``_calcom_synced_at`` and ``_calcom_row_hash``; the main table of a resource has ``_extra`` for fields that
this version does not know; ``valid_from``, ``valid_to`` and ``is_current`` where history is kept (by default
in the tables marked so), and ``_calcom_deleted_at`` where deletions are marked.

Read without further choice (``default``): {default}.

"""


def page() -> str:
    """Return the text of the page."""
    lines = [HEAD.format(default=", ".join(f"``{name}``" for name in DEFAULT))]
    for group, title in GROUPS.items():
        lines += [title, "-" * len(title), ""]
        for resource in catalogue().values():
            if resource.group == group:
                lines += _resource(resource)
    lines += ["What becomes no table", "---------------------", ""]
    lines += _table(
        ("Operation", "Why"), ((f"``{name}``", why) for name, why in unread_lists().items()), (40, 60)
    )
    return "\n".join(lines)


def _resource(resource: Resource) -> list[str]:
    lines = [resource.name, "~" * len(resource.name), ""]
    said = f"Read by ``{resource.read.operation}``"
    if resource.read.over:
        said += f", once for each row of ``{resource.read.over}``"
    said += "."
    if resource.read.windows is not None:
        said += " Incremental."
    if resource.named_only:
        said += f" Only when named: {resource.named_only}."
    if resource.platform:
        said += " Only for platform organisations."
    if resource.read.unavailable_on:
        said += " Left out of a run where the installation, plan or role does not offer it."
    lines += [f"{said} {resource.notes}".strip(), ""]
    for table in resource.tables:
        lines += _columns(table)
        lines += _subject(table, resource.subjects)
    return lines


def _subject(table: Table, subjects: Mapping[str, Subject]) -> list[str]:
    """Say what an erasure does to the table, nothing where it tells of nobody."""
    subject, said = subjects[table.name], []
    deleted = [f"``{name}``" for name in (*subject.user, *subject.email)]
    if deleted:
        said.append(f"Rows with the person in {_either(deleted)} are deleted.")
    if table.parent is not None and subjects[table.parent.table].deletes:
        said.append(f"Rows go with theirs in ``{table.parent.table}``.")
    cleared = [f"``{name}``" for name in (*subject.clear_user, *subject.clear_email)]
    if cleared:
        both = "".join(f", and ``{name}`` with it" for name in subject.clear_with)
        said.append(f"{_either(cleared)} is set to null where it names the person{both}.")
    if subject.clear_shared:
        names = ", ".join(f"``{name}``" for name in subject.clear_shared)
        said.append(f"Where child rows are about the person, these are set to null: {names}.")
    return [f"Erasure: {' '.join(said)}", ""] if said else []


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _columns(table: Table) -> list[str]:
    title = f"**calcom_{table.name}**: {table.comment}"
    if table.history:
        title += " History is kept."
    rows = [_row(column, table) for column in table.columns]
    return [title, "", *_table(("Column", "Type", "Class", "Meaning"), rows, (30, 12, 12, 46))]


def _row(column: Column, table: Table) -> tuple[str, ...]:
    name = f"``{column.name}``" + (" (key)" if column.name in table.key else "")
    return name, column.type, column.data_class, column.comment


def _table(heads: tuple[str, ...], rows: object, widths: tuple[int, ...]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in (heads, *rows):  # type: ignore[misc]
        for place, cell in enumerate(row):
            lines.append(f"   {'* -' if place == 0 else '  -'} {cell}".rstrip())
    return [*lines, ""]


def main() -> int:
    """Write or check the page."""
    text = page()
    if "--check" in sys.argv:
        same = PAGE.exists() and PAGE.read_text() == text
        if not same:
            print(f"{PAGE.name} is not up to date: python tools/make_tables_page.py")
        return 0 if same else 1
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
