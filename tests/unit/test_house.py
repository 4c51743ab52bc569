"""The layout holds: each floor imports only the floors below it."""

from __future__ import annotations

import ast
import os
import re
from itertools import takewhile
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "provider" / "calcom_provider"
GROUND = {"errors", "html_page", "lazy", "private_files", "process_identity"}
"""Modules at the root that every room may use, and that use no room."""
ROOF = {"assets", "links", "erasure", "get_provider_info"}
"""Modules at the root that belong to floor 4."""
BELOW = {
    "api": {"api"},
    "warehouse": {"warehouse"},
    "resources": {"api", "warehouse", "resources"},
    "sync": {"api", "warehouse", "resources", "sync"},
    "hr": {"api", "warehouse", "resources", "hr"},
    "reporting": {"api", "warehouse", "resources", "reporting"},
    "events": {"api", "resources", "events"},
}
FORBIDDEN = {
    "api": {"airflow", "sqlalchemy", "pandas"},
    "warehouse": {"airflow", "pandas", "requests"},
    "resources": {"airflow", "pandas"},
    "sync": {"airflow", "pandas"},
    "hr": {"airflow"},
    "reporting": {"airflow", "pandas"},
    "events": {"airflow", "pandas", "fastapi", "starlette", "uvicorn"},
    "sandbox": {"sqlalchemy", "pandas", "requests"},
}
SANDBOX_MAY_USE = {"sandbox", "api.catalogue.operations", "api.errors"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level:
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts[: -node.level]
            names.add(".".join([*parts, node.module or ""]).rstrip("."))
    return names


def modules(room: str) -> list[Path]:
    return sorted((PACKAGE / room).rglob("*.py"))


@pytest.mark.parametrize("room", sorted(BELOW))
def test_room_imports_only_floors_below(room: str) -> None:
    wrong = []
    for path in modules(room):
        for name in imported(path):
            parts = name.split(".")
            if (
                parts[0] == "calcom_provider"
                and len(parts) > 1
                and ((PACKAGE / parts[1]).is_dir() or parts[1] in ROOF)
                and parts[1] not in BELOW[room]
            ):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert wrong == []


def test_modules_at_the_root_have_a_floor() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == GROUND | ROOF | {"__init__"}
    wrong = [
        f"{name} imports {found}"
        for name in (*GROUND, "__init__")
        for found in imported(PACKAGE / f"{name}.py")
        if found.startswith("calcom_provider.") and found.split(".")[1] not in GROUND
    ]
    assert wrong == []


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_room_stays_free_of_foreign_libraries(room: str) -> None:
    allowed_lazily = {"hr": {"pandas"}}
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules(room)
        for name in imported(path)
        if name.split(".")[0] in FORBIDDEN[room] - allowed_lazily.get(room, set())
        and not (room == "sandbox" and path.parent.name == "demo")
    ]
    assert wrong == []


def test_sandbox_shares_only_the_catalogue_with_the_client() -> None:
    wrong = []
    for path in modules("sandbox"):
        if path.parent.name == "demo":
            continue
        for name in imported(path):
            parts = name.split(".")
            if parts[0] != "calcom_provider" or len(parts) == 1:
                continue
            inside = ".".join(parts[1:])
            if not any(
                inside == ok or inside.startswith(f"{ok}.") for ok in SANDBOX_MAY_USE
            ) and inside not in {"api", "__version__"}:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert wrong == []


# -- circles, folders, modules ----------------

MODULES_A_FOLDER = 15
LINES_A_MODULE = 500


def package_modules() -> dict[str, Path]:
    """Map every module of the package, doors of folders included, to its file."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def arrows() -> dict[str, set[str]]:
    """Map every module to those that it imports, wherever in it: for types alone and in functions too."""
    known = package_modules()
    return {
        name: {
            target
            for text in imported(path)
            # An import of a name counts for the module that holds it.
            for target in [text if text in known else text.rpartition(".")[0]]
            if target in known and target != name and not _is_door_of(text, target, known)
        }
        for name, path in known.items()
    }


def _is_door_of(text: str, target: str, known: dict[str, Path]) -> bool:
    """Tell whether an import only passes through the door of a folder to a module in it."""
    return text == target and any(name.startswith(f"{text}.") for name in known)


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the groups of nodes that reach each other."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(graph.get(start, ()))
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += graph.get(name, ())
        return seen

    reached = {name: reach(name) for name in graph}
    found: list[set[str]] = []
    for name in sorted(graph):
        group = {other for other in reached[name] if name in reached.get(other, ())}
        if len(group) > 1 and group not in found:
            found.append(group)
    return found


def rooms_of(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Draw the arrows between neighbours: folders and modules that stand in one folder, doors left out."""
    doors = {name for name, path in package_modules().items() if path.name == "__init__.py"}
    found: dict[str, set[str]] = {}
    for name, targets in graph.items():
        for target in targets:
            one, other = name.split("."), target.split(".")
            shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
            if min(len(one), len(other)) == shared:
                continue
            here, there = (".".join(parts[: shared + 1]) for parts in (one, other))
            # The door of a folder re-exports what is in it, and says nothing of what the folder needs.
            if name not in doors:
                found.setdefault(here, set()).add(there)
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    """ "no import circles, type imports counted" """
    assert [sorted(group) for group in circles(arrows())] == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    assert [sorted(group) for group in circles(rooms_of(arrows()))] == []


def test_a_circle_of_type_imports_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "calcom_provider"
    for room in ("one", "two"):
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "one" / "a.py").write_text("def f():\n    from calcom_provider.two.b import B\n    return B\n")
    (package / "two" / "b.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from calcom_provider.one import a\n"
    )
    (package / "two" / "c.py").write_text("from calcom_provider.two import b\n")
    monkeypatch.setattr("tests.unit.test_house.PACKAGE", package)
    assert circles(arrows()) == [{"calcom_provider.one.a", "calcom_provider.two.b"}]
    assert circles(rooms_of(arrows())) == [{"calcom_provider.one", "calcom_provider.two"}]


def test_an_environment_is_ignored_as_a_folder_and_as_a_link() -> None:
    # "name/" ignores a folder only: a link of that name would be added with everything else.
    ignored = (PACKAGE.parents[1] / ".gitignore").read_text().splitlines()
    assert {".venv", ".venv-dbt", ".venv-readers"} <= set(ignored)


def test_the_repository_holds_no_links() -> None:
    root = PACKAGE.parents[1]
    links = []
    # An Airflow that `make play` left behind links to its latest log.
    made = {"demo-output", "bench-work", "build", "dist"}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in made]
        links += [Path(folder, name) for name in (*folders, *files) if Path(folder, name).is_symlink()]
    assert links == []


def test_folders_are_taken_in_at_a_glance() -> None:
    folders = [path for path in (PACKAGE, *PACKAGE.rglob("*")) if path.is_dir()]
    sizes = {
        str(folder.relative_to(PACKAGE)): sum(1 for path in folder.glob("*.py") if path.stem != "__init__")
        for folder in folders
    }
    assert {folder: size for folder, size in sizes.items() if size > MODULES_A_FOLDER} == {}


def test_modules_are_read_in_one_sitting() -> None:
    sizes = {
        str(path.relative_to(PACKAGE)): len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")
    }
    assert {module: lines for module, lines in sizes.items() if lines > LINES_A_MODULE} == {}


DATABASE = re.compile("sqlite|postgres|mysql|mariadb|duckdb", re.IGNORECASE)
MAY_NAME_DATABASES = {
    "warehouse/backends/": "one module a database",
    "hooks/sql.py": "the table of Airflow's connection types",
    "cli/connection.py": "examples of targets in the help of options",
    "cli/error_mapping.py": "examples of targets in a message",
    "sandbox/demo/play.py": "files that the demo's own Airflow uses",
    "sandbox/demo/present.py": "the file that the demo made, which it shows",
    "sandbox/demo/run.py": "the file that the demo makes",
    "api/rate_limit/state/": "stores of the request count: floor 1 beside the warehouse, which it does not know",
    "get_provider_info.py": "the help of the field that names such a store",
}
"""Where a database may be named in code, and why; docstrings and comments may say what they like."""


def words_in_code(path: Path) -> list[tuple[int, str]]:
    """Return the names and texts of a module with their lines, docstrings left out."""
    tree = ast.parse(path.read_text())
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        words: list[str] = []
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            words = [node.value]
        elif isinstance(node, ast.Name):
            words = [node.id]
        elif isinstance(node, ast.Attribute):
            words = [node.attr]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            words = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            words = [node.name]
        elif isinstance(node, ast.arg | ast.keyword):
            words = [node.arg or ""]
        found += [(getattr(node, "lineno", 0), word) for word in words]
    return found


def test_a_database_is_named_in_its_module_only() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = str(path.relative_to(PACKAGE))
        if not place.startswith(tuple(MAY_NAME_DATABASES)):
            wrong += [f"{place}:{line} {word}" for line, word in words_in_code(path) if DATABASE.search(word)]
    assert wrong == []


def test_every_place_that_may_name_a_database_does() -> None:
    for place in MAY_NAME_DATABASES:
        paths = sorted((PACKAGE / place).rglob("*.py")) if place.endswith("/") else [PACKAGE / place]
        assert any(DATABASE.search(word) for path in paths for _, word in words_in_code(path)), place
