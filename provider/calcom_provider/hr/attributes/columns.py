"""Say how a column of HR data becomes an attribute, and read its cells accordingly."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, model_validator
from pydantic import Field as Limits

from calcom_provider.hr.errors import CellError
from calcom_provider.hr.sources.cells import (
    as_decimal,
    as_text,
    dig,
    is_missing,
    looks_float_damaged,
    plain_number,
    split_values,
)
from calcom_provider.hr.sources.mapping_file import Words
from calcom_provider.hr.sources.text import clean, fold, slugify, without_accents
from calcom_provider.hr.target.state import Attribute, AttributeState, Option
from calcom_provider.hr.validation import Character, Flag, check, checked

Mode = Literal["additive", "owned", "authoritative"]
MissingOption = Literal["fail", "skip", "create"]
Blank = Literal["leave", "clear"]


def _folded(words: Any) -> Any:
    if not isinstance(words, Mapping):
        return words
    return {fold(as_text(word) or ""): clean(as_text(value) or "") for word, value in words.items()}


ValueMap = Annotated[
    Mapping[str, str],
    BeforeValidator(_folded, json_schema_input_type=dict[str, str | int | float | bool | None]),
]


@checked
class AttributeColumn:
    """Say how one column is written.

    :param column: name or dotted path of the column.
    :param attribute: id, slug or name of the attribute.
    :param mode: ``additive`` only assigns, ``owned`` (default) takes back only what the ledger knows as its
        own, ``authoritative`` takes back everything HR does not name.
    :param value_map: words of HR, compared folded, and the value each means; an empty value drops the word.
    :param separators: what parts the values of a select's cell, default ``;``.
    :param blank: what a blank cell means: ``leave`` (default) or ``clear``.
    :param clear_word: text that clears whatever ``blank`` says, default ``<clear>``.
    :param missing_option: what a value without an option means: ``fail`` (default), ``skip`` or ``create``.
    :param decimal: decimal sign of numbers, default a dot.
    :param grouping: grouping sign of numbers, default none.
    :param fold_accents: whether values may match without their accents, default no.
    :param match_slugs: whether values may match an option by its slug, default no.
    :param on_locked: what a locked attribute means: ``skip`` (default) or ``fail``.
    """

    column: str
    attribute: Annotated[str, Limits(min_length=1)]
    mode: Mode = "owned"
    value_map: ValueMap = field(default_factory=dict)
    separators: Words = (";",)
    blank: Blank = "leave"
    clear_word: str = "<clear>"
    missing_option: MissingOption = "fail"
    decimal: Character = "."
    grouping: Annotated[str, Limits(max_length=1)] = ""
    fold_accents: Flag = False
    match_slugs: Flag = False
    on_locked: Literal["skip", "fail"] = "skip"

    @model_validator(mode="after")
    def _distinct(self) -> AttributeColumn:
        if self.decimal == self.grouping:
            raise ValueError("decimal and grouping sign are the same")
        return self

    def mapped(self, text: str) -> str:
        """Return what a word means by the value map, the word itself where it is not in it.

        :param text: a word of HR.
        """
        return self.value_map.get(fold(text), text)


_LEADING_ZEROS = re.compile(r"[+-]?0\d")


def _by_column(raw: Any) -> Any:
    """Put the names of the columns beside their settings; a bare text names the attribute."""
    if not isinstance(raw, Mapping):
        return raw
    if not raw:
        raise ValueError("name at least one column and its attribute")
    columns: dict[str, Any] = {}
    for name, spec in raw.items():
        given = {"attribute": spec} if isinstance(spec, str) else spec
        if isinstance(given, Mapping) and "column" in given:
            raise ValueError(f"{name}: the column is named by its key, not by a key column")
        columns[str(name)] = {"column": str(name), **given} if isinstance(given, Mapping) else given
    return columns


Columns = Annotated[
    dict[str, AttributeColumn],
    BeforeValidator(_by_column, json_schema_input_type=dict[str, str | AttributeColumn]),
]


def load_columns(raw: Mapping[str, Any]) -> tuple[AttributeColumn, ...]:
    """Check the columns of a write-back.

    :param raw: settings by column, ``{"team": "Department", "languages": {"attribute": ..., ...}}``; a bare
        text names the attribute and takes the defaults.
    :raises HrSettingsError: naming the column and the key that is wrong.
    """
    found: dict[str, AttributeColumn] = check(Columns, raw, "columns")  # type: ignore[arg-type]
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Say what a cell wants.

    :param values: the values in the form of the attribute's type.
    :param clear: whether the cell says that there are none; False with no values means: leave as it is.
    :param warning: code of something odd about the cell.
    """

    values: tuple[str, ...] = ()
    clear: bool = False
    warning: str = ""


def read_cell(record: Mapping[str, Any], column: AttributeColumn, attribute: Attribute) -> Wanted:
    """Read what a row wants of an attribute.

    :param record: the row.
    :param column: how the column is written.
    :param attribute: the attribute.
    :raises CellError: ``several_values``, ``bad_number``, ``float_value``, ``bad_list`` or ``not_text``.
    """
    found, value = dig(record, column.column)
    if not found:
        return Wanted()
    if is_missing(value) or value == []:
        return Wanted(clear=column.blank == "clear")
    if isinstance(value, str) and fold(value) == fold(column.clear_word):
        return Wanted(clear=True)
    if attribute.type == "NUMBER":
        return _number(value, column)
    if isinstance(value, float):
        # A float in a text column is a code that a reader took for a number.
        raise CellError("float_value")
    return _choices(value, column, attribute) if attribute.is_select else _text(value, column)


def _number(value: Any, column: AttributeColumn) -> Wanted:
    if isinstance(value, str):
        value = column.mapped(clean(value))
    number = as_decimal(value, decimal=column.decimal, grouping=column.grouping)
    if number is None:
        return Wanted()
    # A code such as 007 loses its zeros as a number; it belongs into a text attribute.
    coded = isinstance(value, str) and _LEADING_ZEROS.match(value) is not None
    return Wanted((plain_number(number),), warning="leading_zeros" if coded else "")


def _text(value: Any, column: AttributeColumn) -> Wanted:
    plain = as_text(value) or ""
    text = column.mapped(plain)
    if text == plain and looks_float_damaged(text):
        return Wanted(warning="float_damage")
    return Wanted((text,)) if text else Wanted()


def _choices(value: Any, column: AttributeColumn, attribute: Attribute) -> Wanted:
    whole = clean(value) if isinstance(value, str) else ""
    parts = [whole] if whole and fold(whole) in column.value_map else split_values(value, column.separators)
    values: dict[str, str] = {}
    for part in parts:
        if text := column.mapped(part):
            values.setdefault(fold(text), text)
    if attribute.type == "SINGLE_SELECT" and len(values) > 1:
        raise CellError("several_values")
    return Wanted(tuple(values.values()))


def match_option(
    state: AttributeState, value: str, column: AttributeColumn, held: Iterable[str] = ()
) -> Option | None:
    """Find the option a value means.

    For selects the exact spelling wins, then the folded one; accents and slugs count only when switched on.
    For texts the value must be the same, for numbers it must be the same number. Of equal texts the one the
    person holds already wins, then the one most people hold.

    :param state: the attribute and its options.
    :param value: the value wanted.
    :param column: how the column is written.
    :param held: options the person holds.
    :raises CellError: ``ambiguous_option`` when two options of a select fit equally well.
    """
    if not state.attribute.is_select:
        return _same_value(state, value, set(held))
    tests = [lambda one: clean(one.value) == clean(value), lambda one: fold(one.value) == fold(value)]
    if column.fold_accents:
        tests.append(lambda one: without_accents(one.value) == without_accents(value))
    if column.match_slugs:
        tests.append(lambda one: slugify(one.value) == slugify(value))
    for fits in tests:
        hits = [one for one in state.options.values() if fits(one)]
        if len(hits) > 1:
            raise CellError("ambiguous_option")
        if hits:
            return hits[0]
    return None


def _same_value(state: AttributeState, value: str, held: set[str]) -> Option | None:
    key = value_key(state.attribute, value)
    hits = [one for one in state.options.values() if value_key(state.attribute, one.value) == key]
    hits.sort(key=lambda one: (one.id not in held, -len(state.holders.get(one.id, ())), one.id))
    return hits[0] if hits else None


def value_key(attribute: Attribute, value: str) -> str:
    """Return what two options must share to be the same value of a text or number attribute.

    :param attribute: the attribute.
    :param value: an option's text.
    """
    if attribute.type == "NUMBER":
        try:
            number = as_decimal(value)
        except CellError:
            number = None
        if number is not None:
            return plain_number(number)
    return clean(value)


def nearest_option(state: AttributeState, value: str) -> str | None:
    """Return the id of the option most like a value that has none, None when nothing is close.

    :param state: the attribute and its options.
    :param value: the value without an option.
    """
    by_fold = {without_accents(one.value): one.id for one in state.options.values()}
    close = difflib.get_close_matches(without_accents(value), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None
