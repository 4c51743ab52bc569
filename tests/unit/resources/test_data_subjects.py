"""A table that tells of people says of whom, or cannot be declared."""

from __future__ import annotations

import pytest

from calcom_provider.reporting.model import View
from calcom_provider.resources import catalogue
from calcom_provider.resources.data_subjects import Subject
from calcom_provider.resources.model import ORGANIZATION, Child, Read, Resource, integer, personal_text
from calcom_provider.resources.registry import subjects, tables
from calcom_provider.warehouse.schema import Column, Parent, Table

PEOPLE = Table(
    "people",
    (ORGANIZATION, integer("id", nullable=False), integer("boss_id"), personal_text("name")),
    key=("organization_id", "id"),
)
PETS = Table(
    "pets",
    (ORGANIZATION, integer("owner", "^id", nullable=False), personal_text("called")),
    key=("organization_id", "owner"),
    parent=Parent("people", ("organization_id", "owner")),
)


def declared(table: Table = PEOPLE, *children: Child, subject: Subject | None = None) -> Resource:
    return Resource("people", "organization", Read("org_users.list"), table, children, subject=subject)


def test_a_table_with_a_personal_column_and_no_subject_cannot_be_declared() -> None:
    """ "A table with a personal column that no erasure would reach cannot be declared." """
    with pytest.raises(ValueError, match="people: name is personal"):
        declared()
    with pytest.raises(ValueError, match="people: name is personal"):
        declared(subject=Subject(clear_user=("boss_id",)))
    assert declared(subject=Subject(user=("id",))).subjects == {"people": Subject(user=("id",))}
    assert declared(subject=Subject(clear_user=("boss_id",), clear_with=("name",)))


def test_a_child_table_is_held_to_the_same_unless_rows_about_people_own_its_rows() -> None:
    pets = Child(PETS, items="pets")
    nobody = Subject(clear_user=("boss_id",), clear_with=("name",))
    with pytest.raises(ValueError, match="pets: called is personal"):
        declared(PEOPLE, pets, subject=nobody)
    owned = declared(PEOPLE, pets, subject=Subject(user=("id",)))
    assert list(owned.subjects) == ["pets", "people"]


def test_a_subject_names_columns_that_there_are() -> None:
    with pytest.raises(ValueError, match="user_id, which is no column"):
        declared(subject=Subject(user=("user_id",)))
    with pytest.raises(ValueError, match="directory"):
        Subject(user=("id",), directory=True)


def test_a_view_that_can_be_kept_says_of_whom_it_tells() -> None:
    def view(subject: Subject | None) -> View:
        return View(
            name="v",
            comment="",
            columns={"date": "", "user_id": ""},
            key=("date",),
            needs={},
            resources=(),
            select=lambda source: None,  # type: ignore[arg-type, return-value]
            snapshot_by="date",
            snapshot_subject=subject,
        )

    with pytest.raises(ValueError, match="whom its rows are about"):
        view(None)
    with pytest.raises(ValueError, match="host_id"):
        view(Subject(user=("host_id",)))
    assert view(Subject(user=("user_id",))).snapshot_subject == Subject(user=("user_id",))


def test_every_table_says_whom_it_is_about_and_children_come_before_their_owners() -> None:
    order = list(subjects())
    assert sorted(order) == sorted(tables())
    for name, table in tables().items():
        if table.parent is not None:
            assert order.index(name) < order.index(table.parent.table)


def test_people_are_looked_up_where_ids_and_addresses_stand_together() -> None:
    found = {name for name, subject in subjects().items() if subject.directory}
    assert found == {"users", "memberships", "managed_users", "account_profile"}
    assert {"users", "memberships"} <= set(catalogue())


@pytest.mark.parametrize(
    ("refers", "dangling", "message"),
    [("users", "", "table.column"), (".id", "", "table.column"), ("", "it left", "cannot lead nowhere")],
)
def test_a_reference_is_table_and_column_and_only_one_can_lead_nowhere(
    refers: str, dangling: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Column("user_id", "integer", refers=refers, dangling=dangling)
