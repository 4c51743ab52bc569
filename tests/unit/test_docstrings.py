"""Every public definition is explained, and all in one dialect.

An imperative sentence on one line; then, after a blank line, prose; then ``:param name:``, ``:returns:``,
``:raises Error:`` and ``:ivar name:``, each a phrase that begins small and ends with a full stop.
"""

from __future__ import annotations

import ast
import builtins
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import calcom_provider

PACKAGE = Path(calcom_provider.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: How a field begins; what it says goes on to the next field or a blank line.
FIELD = re.compile(r"^ *:(param|returns|raises|ivar|cvar)\b ?([^:]*):(.*)$")
SECTIONS = re.compile(
    r"^ *(?:Args|Arguments|Parameters|Returns|Return|Raises|Yields|Attributes|Example|Examples):? *$|^ *-{4,} *$|"
    r"^ *@(?:param|return|raise)|^ *:(?:type|rtype|return|raise|yield|yields|arg|argument|parameter|keyword)\b",
    re.MULTILINE,
)
#: How a first sentence begins that tells what is done, or what something is.
NO_IMPERATIVE = re.compile(r"(Returns|Gets|Makes|Gives|Tells|Reads|Sets|This|The)\b")
#: Words that begin with a capital wherever they stand.
NAMES = re.compile(
    r"(?:[A-Z][A-Z0-9-]+s?|[A-Z]|Airflow|Cal|SQLAlchemy|SQLite|PostgreSQL|MySQL|MariaDB|DuckDB|Redis|Google|Microsoft|"
    r"Python|OpenLineage|Unicode|Jinja|HiBob|BambooHR|Personio|Workday|English|Markdown|Arrow|Typer|None|True|False|"
    r"OAuth|DataFrame|JSONPath|Excel|Monday|Sunday|Bearer|Host|Port|Schema|Extra|CalCom\w*|\w*Error)\b"
)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions(path: Path) -> Iterator[tuple[str, Definition]]:
    """Give the public definitions of a module: its functions and classes, and their methods."""

    def of(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, Definition]]:
        for child in node.body:
            if isinstance(child, Definition) and not child.name.startswith("_"):
                yield prefix + child.name, child
                if isinstance(child, ast.ClassDef):
                    yield from of(child, f"{prefix}{child.name}.")

    yield from of(ast.parse(path.read_text()), "")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def inherited(path: Path, name: str) -> bool:
    """Tell whether what a method overrides is explained, where the method says nothing of its own."""
    found: object = importlib.import_module(module_name(path))
    for part in name.split("."):
        found = getattr(found, part)
    return bool(inspect.getdoc(found))


def identity(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_every_public_definition_is_explained(path: Path) -> None:
    silent = [
        name
        for name, node in definitions(path)
        if ast.get_docstring(node) is None and not ("." in name and inherited(path, name))
    ]
    assert silent == []
    text = path.read_text().strip()
    # An empty ``__init__`` says nothing because it has nothing.
    assert not text or ast.get_docstring(ast.parse(text)), "the module itself"


@pytest.mark.parametrize("path", MODULES, ids=identity)
def test_it_is_explained_in_one_dialect(path: Path) -> None:
    wrong = []
    for name, node in definitions(path):
        text = ast.get_docstring(node)
        if text is None:
            continue
        first, _, rest = text.partition("\n")
        if not first.endswith((".", ":")) or (rest and rest[0] != "\n"):
            wrong.append(f"{name}: the first line is one sentence, and a blank line follows it")
        if not isinstance(node, ast.ClassDef) and re.match(
            r"(Returns|Gets|Makes|Gives|Tells|Reads|Sets|This|The)\b", first
        ):
            wrong.append(f"{name}: an imperative begins it")
        if SECTIONS.search(text):
            wrong.append(f"{name}: fields, no sections")
        wrong += [f"{name}: {fault}" for fault in field_faults(text, node)]
    assert wrong == []


def fields(text: str) -> Iterator[tuple[str, str, str]]:
    """Give the fields of a docstring: kind, subject, and what is said on one line."""
    found: list[tuple[str, str, list[str]]] = []
    inside = False
    for line in text.splitlines():
        if begins := FIELD.match(line):
            found.append((begins[1], begins[2], [begins[3].strip()]))
            inside = True
        elif not line.strip():
            inside = False
        elif inside:
            found[-1][2].append(line.strip())
    return ((kind, subject, " ".join(filter(None, lines))) for kind, subject, lines in found)


def field_faults(text: str, node: Definition) -> Iterator[str]:
    taken = taken_by(node)
    for kind, subject, phrase in fields(text):
        if kind == "param" and subject.strip("*") not in taken and None not in taken:
            yield f":param {subject}: is none of its parameters"
        if kind == "raises" and not known_error(subject):
            yield f":raises {subject}: is no error that exists"
        if not phrase.endswith((".", ":", "::")):
            yield f":{kind} {subject}: ends with a full stop"
        if phrase[:1].isupper() and not NAMES.match(phrase):
            yield f":{kind} {subject}: begins small"


def taken_by(node: Definition) -> set[str | None]:
    """Return the parameters of a function or of a class; None among them where a base adds its own."""
    if isinstance(node, ast.ClassDef):
        found: set[str | None] = {
            child.target.id
            for child in node.body
            if isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name)
        }
        makers = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        for maker in makers:
            found |= taken_by(maker)
        return found | {None} if node.bases else found
    every = node.args
    names = [one.arg for one in (*every.posonlyargs, *every.args, *every.kwonlyargs)]
    return {*names, *(one.arg for one in (every.vararg, every.kwarg) if one is not None)}


ERRORS = {
    child.name
    for path in MODULES
    for child in ast.walk(ast.parse(path.read_text()))
    if isinstance(child, ast.ClassDef) and child.name.endswith("Error")
} | {"AirflowFailException", "AirflowException", "TaskDeferred", "ApiError"}


def known_error(name: str) -> bool:
    return name in ERRORS or isinstance(getattr(builtins, name, None), type)
