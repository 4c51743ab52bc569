"""Keep what the comparison of every kind of attribute shares: desired values, reports and the drafting of writes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from calcom_provider.hr.attributes.columns import AttributeColumn, Wanted, read_cell, value_key
from calcom_provider.hr.errors import CellError, Issue
from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.plan.ownership import Owned
from calcom_provider.hr.sources.records import Employee
from calcom_provider.hr.sources.text import fold
from calcom_provider.hr.target.state import AttributeState


@dataclass(frozen=True, slots=True)
class ColumnTarget:
    """Join a column's settings with the attribute it writes.

    :param column: the settings.
    :param state: the attribute, its options and holders.
    :param may_unassign: whether its weights allow taking assignments back.
    """

    column: AttributeColumn
    state: AttributeState
    may_unassign: bool = True


@dataclass(slots=True)
class AttributeDraft:
    """Collect the writes and reports of all columns.

    :param actions: the writes, in order.
    :param issues: rows reported.
    :param missing: how many cells want a value without an option, by attribute id.
    """

    actions: list[Action] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)

    def add(self, action: Action) -> int:
        """Append a write and return its number.

        :param action: the write; its number is given here.
        """
        self.actions.append(replace(action, number=len(self.actions) + 1))
        return len(self.actions)


@dataclass(frozen=True, slots=True)
class DesiredValue:
    """Say what HR wants of one person's attribute, and what is there.

    :param user_id: the person.
    :param employee: the HR record; None for a person who left.
    :param wanted: what the cell wants.
    :param held: options the person holds.
    """

    user_id: int
    employee: Employee | None
    wanted: Wanted
    held: tuple[str, ...]


class ColumnDiff:
    """Draft the writes of one column; a subclass for each kind of attribute says how.

    :param target: the column and its attribute.
    :param owned: what the ledger knows as its own.
    :param draft: where writes and reports go.
    """

    def __init__(self, target: ColumnTarget, owned: Owned, draft: AttributeDraft) -> None:
        self.column = target.column
        self.state = target.state
        self.attribute = target.state.attribute
        self.may_unassign = target.may_unassign
        self.owned = owned
        self.draft = draft
        self.held = self.state.by_user()
        self.wanted_values: Counter[str] = Counter()
        self.made: dict[
            str, tuple[str | None, int]
        ] = {}  # option id if known, number of the action that makes it
        self.leaving: dict[str, list[tuple[int, int]]] = defaultdict(list)  # user, number of the unassign

    def run(self, matched: Mapping[int, Employee], clear_for: Iterable[int]) -> None:
        """Draft all writes of the column.

        :param matched: employees by user id.
        :param clear_for: users whose assignments are taken back.
        """
        all_desired = [
            desired for user_id, one in sorted(matched.items()) if (desired := self._desired(user_id, one))
        ]
        for user_id in clear_for:
            if held := self.held.get(user_id, ()):
                all_desired.append(DesiredValue(user_id, None, Wanted(clear=True), held))
        for desired in all_desired:
            self.wanted_values.update(self.key(value) for value in desired.wanted.values)
        for desired in all_desired:
            self.compare(desired)
        self.tidy()

    def compare(self, desired: DesiredValue) -> None:
        """Draft the writes for one person."""
        raise NotImplementedError

    def tidy(self) -> None:
        """Draft the removal of options that nobody needs any more."""
        raise NotImplementedError

    def key(self, value: str) -> str:
        """Return what two values must share to be the same one.

        :param value: an option's text.
        """
        return fold(value) if self.attribute.is_select else value_key(self.attribute, value)

    def report(
        self, code: str, desired: DesiredValue, level: Any = "warning", hint: str | None = None
    ) -> None:
        """Report a person's cell.

        :param code: what about it.
        :param desired: what HR wants of the person.
        :param level: how bad it is.
        :param hint: id of an option that may be meant.
        """
        self._issue(code, desired.employee, desired.user_id, level, hint)

    def ours(self, desired: DesiredValue, options: Iterable[str]) -> list[str]:
        """Return those of a person's options that the mode lets us take back or change.

        :param desired: what HR wants of the person.
        :param options: options the person holds.
        """
        if self.column.mode == "additive":
            return []
        if self.column.mode == "authoritative":
            return list(options)
        return [one for one in options if (desired.user_id, one) in self.owned.pairs]

    def write(self, kind: Any, why: str, desired: DesiredValue, option_id: str | None, **more: Any) -> int:
        """Draft a write for a person and return its number.

        :param kind: what is written.
        :param why: code of the reason.
        :param desired: what HR wants of the person.
        :param option_id: the option, None while another action has yet to make it.
        """
        seen = {"held": list(desired.held), **more.pop("seen", {})}
        keys = (desired.employee.id,) if desired.employee and desired.employee.id else ()
        action = Action(
            0,
            kind,
            why,
            user_id=desired.user_id,
            attribute_id=self.attribute.id,
            option_id=option_id,
            seen=seen,
            keys=keys,
            **more,
        )
        return self.draft.add(action)

    def unassign(
        self, desired: DesiredValue, option_id: str, after: tuple[int, ...] = (), why: str = "replaced"
    ) -> None:
        """Draft taking an option from a person.

        :param desired: what HR wants of the person.
        :param option_id: the option.
        :param after: actions that must have succeeded.
        :param why: code of the reason.
        """
        if not desired.wanted.values:
            why = "cleared"
        option = self.state.options.get(option_id)
        foreign = (desired.user_id, option_id) not in self.owned.pairs and why != "twin"
        number = self.write(
            "unassign",
            why,
            desired,
            option_id,
            before={"value": option.value if option else ""},
            depends_on=after,
            own={"foreign": True} if foreign else {},
        )
        self.leaving[option_id].append((desired.user_id, number))
        if why == "twin":
            self.delete_option(option_id, "twin", (number,))

    def delete_option(self, option_id: str, why: str, after: tuple[int, ...] = ()) -> None:
        """Draft the removal of an option; it is looked at once more before it goes.

        :param option_id: the option.
        :param why: code of the reason.
        :param after: actions that must have succeeded.
        """
        self.draft.add(
            Action(
                0,
                "option_delete",
                why,
                attribute_id=self.attribute.id,
                option_id=option_id,
                before={"value": self.state.options[option_id].value},
                depends_on=after,
            )
        )

    def _desired(self, user_id: int, employee: Employee) -> DesiredValue | None:
        try:
            wanted = read_cell(employee.cells, self.column, self.attribute)
        except CellError as wrong:
            self._issue(wrong.code, employee, user_id, "error")
            return None
        if wanted.warning:
            self._issue(wanted.warning, employee, user_id, "warning")
        if not wanted.values and not wanted.clear:
            return None
        return DesiredValue(user_id, employee, wanted, self.held.get(user_id, ()))

    def _issue(
        self, code: str, employee: Employee | None, user_id: int, level: Any, hint: str | None = None
    ) -> None:
        key, row = (employee.id, employee.row) if employee else (None, None)
        self.draft.issues.append(Issue(code, key, row, level, self.column.column, user_id, hint=hint))
