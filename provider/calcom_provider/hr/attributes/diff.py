"""Compare what HR wants of each person's attributes with what is assigned, and draft the writes between.

Assignments are made before others are taken back: nobody drops out of a routing pool in between, and a crash
leaves one option too many, which the next run removes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from calcom_provider.hr.attributes.column_diff import AttributeDraft, ColumnDiff, ColumnTarget, DesiredValue
from calcom_provider.hr.attributes.columns import match_option, nearest_option
from calcom_provider.hr.errors import CellError
from calcom_provider.hr.plan.model import Action
from calcom_provider.hr.plan.ownership import Owned
from calcom_provider.hr.sources.records import Employee
from calcom_provider.hr.sources.text import clean, slugify
from calcom_provider.hr.target.state import Option


def diff_attributes(
    targets: Iterable[ColumnTarget],
    matched: Mapping[int, Employee],
    owned: Owned,
    *,
    clear_for: Iterable[int] = (),
) -> AttributeDraft:
    """Draft the writes that bring every matched person's attributes to what HR says.

    :param targets: the columns and their attributes.
    :param matched: employees by user id.
    :param owned: what the ledger knows as its own.
    :param clear_for: users whose assignments are taken back, such as people who left.
    """
    draft = AttributeDraft()
    leavers = sorted(clear_for)
    for target in targets:
        kind = SelectDiff if target.state.attribute.is_select else ValueDiff
        kind(target, owned, draft).run(matched, leavers)
    return draft


class SelectDiff(ColumnDiff):
    """Draft the writes of a select: its options are chosen, and made only when that is asked for."""

    def __init__(self, target: ColumnTarget, owned: Owned, draft: AttributeDraft) -> None:
        super().__init__(target, owned, draft)
        self.twins = self._late_twins()
        options = {one: option for one, option in self.state.options.items() if one not in self.twins}
        self.choices = replace(self.state, options=options)

    def compare(self, desired: DesiredValue) -> None:
        """Draft the writes for one person."""
        options = self._options(desired)
        if options is None or (desired.wanted.values and not options):
            return
        ids = {option_id for option_id, _ in options if option_id}
        leftover = [one for one in desired.held if one not in ids]
        ours = self.ours(desired, leftover)
        removable = ours if self.may_unassign else []
        missing = [(option_id, value) for option_id, value in options if option_id not in desired.held]
        if ours and not self.may_unassign:
            self.report("weight_loss", desired)
        elif self.attribute.type == "SINGLE_SELECT" and len(ours) < len(leftover):
            self.report("foreign_value", desired)
        if self.attribute.type == "SINGLE_SELECT" and missing and len(removable) < len(leftover):
            return  # a second option on a single select would route by chance
        numbers = tuple(self._assign(desired, option_id, value) for option_id, value in missing)
        for option_id in removable:
            self.unassign(desired, option_id, numbers)

    def tidy(self) -> None:
        """Draft the removal of options that landed late beside an equal one."""
        for option_id in sorted(self.twins):
            self.delete_option(option_id, "twin")

    def _options(self, desired: DesiredValue) -> list[tuple[str | None, str]] | None:
        """Return option id and text of each value; None when one is ambiguous."""
        options: list[tuple[str | None, str]] = []
        for value in desired.wanted.values:
            try:
                found = match_option(self.choices, value, self.column, desired.held)
            except CellError as wrong:
                self.report(wrong.code, desired, "error")
                return None
            if found is not None or self._may_create(desired, value):
                options.append((found.id if found else None, value))
        return options

    def _may_create(self, desired: DesiredValue, value: str) -> bool:
        if self.column.missing_option == "create":
            return True
        fails = self.column.missing_option == "fail"
        self.draft.missing[self.attribute.id] += fails
        self.report(
            "missing_option", desired, "error" if fails else "warning", nearest_option(self.state, value)
        )
        return False

    def _assign(self, desired: DesiredValue, option_id: str | None, value: str) -> int:
        depends: tuple[int, ...] = ()
        if option_id is None:
            if self.key(value) not in self.made:
                self.made[self.key(value)] = (None, self._create(value))
            option_id, maker = self.made[self.key(value)]
            depends = (maker,)
        return self.write("assign", "new", desired, option_id, after={"value": value}, depends_on=depends)

    def _create(self, value: str) -> int:
        same = sorted(one.id for one in self.state.options.values() if clean(one.value) == clean(value))
        after = {"value": value, "slug": slugify(value)}
        action = Action(
            0,
            "option_create",
            "missing_option",
            attribute_id=self.attribute.id,
            after=after,
            seen={"options": same},
        )
        return self.draft.add(action)

    def _late_twins(self) -> set[str]:
        """Find options nobody holds that equal one we made without hearing the answer."""
        found: set[str] = set()
        for option_id, (attribute_id, unclear) in self.owned.options.items():
            made = self.state.options.get(option_id)
            if attribute_id == self.attribute.id and unclear and made is not None and option_id not in found:
                found |= {
                    one.id
                    for one in self.state.options.values()
                    if one.id != option_id
                    and clean(one.value) == clean(made.value)
                    and not self.state.holders.get(one.id)
                }
        return found


class ValueDiff(ColumnDiff):
    """Draft the writes of a text or number: equal options are shared, and made by assigning a new value."""

    def compare(self, desired: DesiredValue) -> None:
        """Draft the writes for one person."""
        if not desired.wanted.values:
            self._clear(desired)
            return
        value = desired.wanted.values[0]
        equal = [one for one in desired.held if self._value_of(one) == self.key(value)]
        if equal:
            self._keep_one(desired, equal)
        else:
            self._change(desired, value)

    def tidy(self) -> None:
        """Draft the removal of options of ours that nobody holds, or that this plan takes from the last."""
        done = {
            one.option_id
            for one in self.draft.actions
            if one.kind in {"option_delete", "option_update", "assign"}
        }
        for option_id, (attribute_id, _) in sorted(self.owned.options.items()):
            option = self.state.options.get(option_id)
            if attribute_id != self.attribute.id or option is None or option_id in done:
                continue
            if self._in_a_group(option):
                continue
            leaving = self.leaving.get(option_id, [])
            if self.state.holders.get(option_id, set()) <= {user for user, _ in leaving}:
                self.delete_option(option_id, "orphan", tuple(number for _, number in leaving))

    def _clear(self, desired: DesiredValue) -> None:
        ours = self.ours(desired, desired.held)
        if ours and not self.may_unassign:
            self.report("weight_loss", desired)
            return
        for option_id in ours:
            self.unassign(desired, option_id)

    def _keep_one(self, desired: DesiredValue, equal: list[str]) -> None:
        """Keep one option of the value that HR wants, and take back what else is ours."""
        keep = min(equal, key=lambda one: ((desired.user_id, one) not in self.owned.pairs, one))
        unclear = any(self.owned.pairs.get((desired.user_id, one), False) for one in equal)
        leftover = [one for one in desired.held if one != keep]
        ours = set(self.ours(desired, leftover))
        for option_id in leftover:
            if not self.may_unassign and option_id in ours:
                self.report("weight_loss", desired)
            elif unclear and option_id in equal:
                self.unassign(desired, option_id, why="twin")
            elif option_id in ours:
                self.unassign(desired, option_id)
            else:
                self.report("extra_value", desired)

    def _change(self, desired: DesiredValue, value: str) -> None:
        ours = self.ours(desired, desired.held)
        if len(ours) < len(desired.held):
            self.report("foreign_value", desired)
            return
        same = match_option(self.state, value, self.column)
        if same is None and len(ours) == 1 and self._may_edit(ours[0], desired, value):
            self._edit(desired, ours[0], value)
            return
        if ours and not self.may_unassign:
            self.report("weight_loss", desired)
            return
        number = self._assign(desired, same.id if same else None, value)
        for option_id in ours:
            self.unassign(desired, option_id, (number,))

    def _value_of(self, option_id: str) -> str | None:
        option = self.state.options.get(option_id)
        return self.key(option.value) if option else None

    def _may_edit(self, option_id: str, desired: DesiredValue, value: str) -> bool:
        """Say whether an option is of our making, held by this person alone, and wanted by nobody in this plan."""
        option = self.state.options.get(option_id)
        return (
            option is not None
            and option_id in self.owned.options
            and (desired.user_id, option_id) in self.owned.pairs
            and not self._in_a_group(option)
            and self.state.holders.get(option_id) == {desired.user_id}
            and self.key(value) not in self.made
            and not self.wanted_values[self.key(option.value)]
        )

    def _in_a_group(self, option: Option) -> bool:
        return option.is_group or any(option.id in one.contains for one in self.state.options.values())

    def _edit(self, desired: DesiredValue, option_id: str, value: str) -> None:
        number = self.write(
            "option_update",
            "changed",
            desired,
            option_id,
            before={"value": self.state.options[option_id].value},
            after={"value": value, "slug": slugify(value)},
            seen={"holders": [desired.user_id]},
        )
        self.made[self.key(value)] = (option_id, number)

    def _assign(self, desired: DesiredValue, option_id: str | None, value: str) -> int:
        """Assign an equal option where one exists or is made by this plan; else let the API make one."""
        if option_id is not None:
            return self.write("assign", "new", desired, option_id, after={"value": value})
        if self.key(value) in self.made:
            option_id, maker = self.made[self.key(value)]
            return self.write(
                "assign", "new", desired, option_id, after={"value": value}, depends_on=(maker,)
            )
        number = self.write(
            "assign_value", "new", desired, None, after={"value": value, "slug": slugify(value)}
        )
        self.made[self.key(value)] = (None, number)
        return number
