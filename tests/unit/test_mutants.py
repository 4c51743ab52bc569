"""The list of breaks fits the code as it is; `make mutants` tries them."""

from __future__ import annotations

import ast

from tests.mutants.areas import AREAS, PACKAGE, ROOT
from tests.mutants.breaks import BREAKS


def test_every_break_finds_its_place_and_is_a_program() -> None:
    for one in BREAKS:
        ast.parse(one.code())
        assert one.why


def test_breaks_have_names_of_their_own() -> None:
    assert len({one.name for one in BREAKS}) == len(BREAKS)


def test_modules_and_tests_exist() -> None:
    modules = [module for area in AREAS for module in area.modules]
    assert [name for name in modules if not (PACKAGE / name).is_file()] == []
    tests = {path for one in (*AREAS, *BREAKS) for path in one.tests if path.startswith("tests/")}
    assert [path for path in tests if not (ROOT / path.split("::")[0]).exists()] == []
