"""Draw small mutations of the code by a seed; the mutations themselves are those of Cosmic Ray."""

from __future__ import annotations

import ast
import difflib
import random
from dataclasses import dataclass

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

from tests.mutants.areas import AREAS, PACKAGE, Area

#: Mutations after which a program decides otherwise. Cosmic Ray has more, most of which do not even type-check.
OPERATORS = (
    "AddNot",
    "NumberReplacer",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ReplaceUnaryOperator_Delete_Not",
    "ZeroIterationForLoop",
    "ReplaceComparisonOperator_Eq_NotEq",
    "ReplaceComparisonOperator_NotEq_Eq",
    "ReplaceComparisonOperator_Lt_LtE",
    "ReplaceComparisonOperator_LtE_Lt",
    "ReplaceComparisonOperator_Gt_GtE",
    "ReplaceComparisonOperator_GtE_Gt",
    "ReplaceComparisonOperator_Lt_Gt",
    "ReplaceComparisonOperator_Gt_Lt",
    "ReplaceComparisonOperator_Is_IsNot",
    "ReplaceComparisonOperator_IsNot_Is",
    "ReplaceBinaryOperator_Add_Sub",
    "ReplaceBinaryOperator_Sub_Add",
    "ReplaceBinaryOperator_Mul_Div",
    "ReplaceBinaryOperator_Div_Mul",
)


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    :param area: the area that it was drawn for.
    :param module: path of the module below the package.
    :param function: qualified name of what it stands in; empty for the module itself.
    :param before: the changed line as it is, without its indent.
    :param after: the line as it becomes.
    :param code: the whole module with the change.
    """

    area: Area
    module: str
    function: str
    before: str
    after: str
    code: str

    @property
    def name(self) -> str:
        """Name the change by what it does, so that the name outlives moved lines."""
        return f"{self.module}::{self.function}::{self.before} => {self.after}"


def draw(count: int, seed: int) -> list[Mutant]:
    """Draw mutants, as many from each area as can be.

    :param count: how many.
    :param seed: the same seed and code give the same mutants.
    """
    source = random.Random(seed)
    pools = [_Pool(area, source) for area in AREAS]
    drawn: list[Mutant] = []
    while len(drawn) < count and any(pools):
        for pool in list(pools):
            mutant = pool.next() if len(drawn) < count else None
            if mutant is not None:
                drawn.append(mutant)
            else:
                pools.remove(pool)
    return drawn


class _Pool:
    """Hold the places of an area that can be mutated; a mutation is made when it is drawn.

    :param area: the area.
    :param source: shuffles them.
    """

    def __init__(self, area: Area, source: random.Random) -> None:
        self._area = area
        self._code = {module: (PACKAGE / module).read_text() for module in area.modules}
        self._places = [
            (module, name, occurrence)
            for module, code in self._code.items()
            for name, number in _positions(code).items()
            for occurrence in range(number)
        ]
        source.shuffle(self._places)
        self._names: set[str] = set()

    def next(self) -> Mutant | None:
        """Give a mutant of another name than those before; None when there is none left."""
        while self._places:
            module, name, occurrence = self._places.pop()
            code = self._code[module]
            mutated = mutate_code(code, get_operator(f"core/{name}")(), occurrence)
            if mutated is None:
                continue
            number, before, after = _change(code, mutated)
            mutant = Mutant(self._area, module, _functions(code).get(number, ""), before, after, mutated)
            if _decides(before, after) and mutant.name not in self._names:
                self._names.add(mutant.name)
                return mutant
        return None


def _positions(code: str) -> dict[str, int]:
    """Count where each mutation can be applied."""
    nodes = list(ast_nodes(get_ast(code)))
    operators = {name: get_operator(f"core/{name}")() for name in OPERATORS}
    return {
        name: sum(sum(1 for _ in operator.mutation_positions(node)) for node in nodes)
        for name, operator in operators.items()
    }


def _decides(before: str, after: str) -> bool:
    """Tell whether a line can change what a program does; imports for types, log lines, slots and signatures cannot."""
    if not before or "TYPE_CHECKING" in before or before == "*,":
        return False
    if before.startswith(("logger.", "@dataclass(", '"""', "#", 'f"', '"')):
        return False
    return before != after


def _change(code: str, mutated: str) -> tuple[int, str, str]:
    """Give the number of the first changed line, and the line before and after."""
    old, new = code.splitlines(), mutated.splitlines()
    for tag, low, high, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            return low + 1, " ".join(map(str.strip, old[low:high])), " ".join(map(str.strip, new[start:end]))
    return 0, "", ""


def _functions(code: str) -> dict[int, str]:
    """Map each line of a module to the innermost function or class that it stands in."""
    found: dict[int, str] = {}

    def visit(node: ast.AST, place: str) -> None:
        for child in ast.iter_child_nodes(node):
            inner = place
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = f"{place}.{child.name}".lstrip(".")
                for line in range(child.lineno, (child.end_lineno or child.lineno) + 1):
                    found[line] = inner
            visit(child, inner)

    visit(ast.parse(code), "")
    return found
