"""Each code that a row can be reported with has a sentence about what it means and one about how to mend it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import calcom_provider.hr as package
from calcom_provider.hr.plan.guards import GUARDS
from calcom_provider.hr.plan.remedies import REMEDIES, remedy
from calcom_provider.hr.review import words
from calcom_provider.hr.sources.versions import DuplicateCode
from calcom_provider.hr.target.matching import Bucket

FOLDER = Path(package.__file__).parent
REPORTING = {"Issue", "CellError", "report", "_report", "_issue"}


def codes() -> Iterator[str]:
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in REPORTING and node.args:
                yield from _texts(node.args[0])


def _name(called: ast.expr) -> str:
    return getattr(called, "attr", "") or getattr(called, "id", "")


def _texts(argument: ast.expr) -> Iterator[str]:
    branches = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
    for one in branches:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield one.value


def test_each_code_has_a_remedy() -> None:
    found = set(codes())
    assert len(found) > 30
    found |= {*get_args(Bucket), *get_args(DuplicateCode)} - {"matched"}
    assert found - set(REMEDIES) == set()


def test_a_code_that_is_not_known_is_told_all_the_same() -> None:
    assert remedy("new_thing") == ("New thing", "Look at the row in the HR system.")
    assert remedy("status:requested")[0] == "HR says requested"


def test_each_guard_has_a_name() -> None:
    assert all(words.guard_name(guard) == said != guard for guard, said in GUARDS.items())
