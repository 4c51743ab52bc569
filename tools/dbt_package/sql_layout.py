"""Lay SQL out in lines, and put statements that differ by a few lines into one text with conditions of Jinja."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_TOKEN = re.compile(
    r"'(?:[^']|'')*'"  # a text
    r'|"[^"]*"|`[^`]*`'  # a quoted name
    r"|\(|\)|,"
    r"|[^\s'\"`(),]+"
)
_LINES = {"FROM", "WHERE", "HAVING", "UNION", "LEFT", "AND", "OR"}
_STEP = "    "


@dataclass(frozen=True)
class If:
    """Hold lines that depend on a condition.

    :param condition: expression of Jinja.
    :param then: lines where it holds.
    :param otherwise: lines where it does not.
    """

    condition: str
    then: tuple[Part, ...]
    otherwise: tuple[Part, ...]


Part = str | If


def tokens(text: str) -> list[str]:
    """Cut SQL into words, texts, names and brackets; what is left out is white space only."""
    found = _TOKEN.findall(text)
    assert not _TOKEN.sub("", text).strip(), "SQL that is not understood"
    return found


def lines(text: str) -> list[str]:
    """Give a statement line by line: parts of each SELECT on lines of their own, a subquery further in."""
    made: list[str] = []
    line, depth = "", 0
    #: For each open bracket: whether a SELECT stands in it, and how many CASEs are open there.
    brackets: list[tuple[bool, int]] = []
    in_select, cases = True, 0
    words = tokens(text)
    for place, word in enumerate(words):
        upper = word.upper()
        before = words[place - 1] if place else ""
        if in_select and not cases and _begins_line(words, place):
            made, line = _end(made, line, depth), ""
        if word == ")":
            if in_select:
                made, line = _end(made, line, depth), ""
                depth -= 1
            in_select, cases = brackets.pop()
            line += ")"
            continue
        line = _joined(line, word, before)
        if word == "(":
            brackets.append((in_select, cases))
            in_select, cases = words[place + 1].upper() == "SELECT", 0
            if in_select:
                made, line = _end(made, line, depth), ""
                depth += 1
        elif in_select and (word == "," or (upper in ("ALL", "DISTINCT") and before.upper() == "UNION")):
            made, line = _end(made, line, depth), ""
        cases += (upper == "CASE") - (upper == "END")
    return _end(made, line, depth)


def _begins_line(words: Sequence[str], place: int) -> bool:
    word, before = words[place].upper(), words[place - 1].upper() if place else ""
    if word == "JOIN":
        return before not in ("OUTER", "INNER")
    return word in _LINES or (word in ("GROUP", "ORDER") and words[place + 1].upper() == "BY")


def _end(made: list[str], line: str, depth: int) -> list[str]:
    return [*made, _STEP * depth + line] if line else made


def _joined(line: str, word: str, before: str) -> str:
    if not line or word == "," or before == "(":
        return line + word
    if word == "(" and re.fullmatch(r"[a-z_]\w*", before, re.IGNORECASE) and before.upper() not in _SPACED:
        return line + word
    return f"{line} {word}"


_SPACED = {
    "AND",
    "OR",
    "ON",
    "IN",
    "AS",
    "FROM",
    "JOIN",
    "WHEN",
    "THEN",
    "ELSE",
    "NOT",
    "EXISTS",
    "SELECT",
    "OVER",
}
_SPACED |= {"WHERE", "HAVING", "BY", "CASE", "DISTINCT", "UNION", "ALL", "INTERVAL"}


def merged(flags: Sequence[str], text: Callable[[dict[str, bool]], str]) -> list[str]:
    """Put the statements for all values of some conditions into one text.

    :param flags: conditions, expressions of Jinja.
    :param text: gives the statement by the values of the conditions.
    :returns: lines.
    """
    return list(_shown(_merge(tuple(flags), {}, text)))


def _merge(
    flags: tuple[str, ...], values: dict[str, bool], text: Callable[[dict[str, bool]], str]
) -> tuple[Part, ...]:
    if not flags:
        return tuple(lines(text(values)))
    *others, flag = flags
    then = _merge(tuple(others), {**values, flag: True}, text)
    otherwise = _merge(tuple(others), {**values, flag: False}, text)
    found: list[Part] = []
    for what, a, b, c, d in SequenceMatcher(None, then, otherwise, autojunk=False).get_opcodes():
        found += then[a:b] if what == "equal" else [If(flag, then[a:b], otherwise[c:d])]
    return tuple(found)


def _shown(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif part.then:
            yield f"{{%- if {part.condition} %}}"
            yield from _shown(part.then)
            if part.otherwise:
                yield "{%- else %}"
                yield from _shown(part.otherwise)
            yield "{%- endif %}"
        else:
            yield f"{{%- if not ({part.condition}) %}}"
            yield from _shown(part.otherwise)
            yield "{%- endif %}"
