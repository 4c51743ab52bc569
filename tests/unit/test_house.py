"""The layout holds: each floor imports only the floors below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "provider" / "calcom_provider"
BELOW = {
    "api": {"api"},
    "warehouse": {"warehouse"},
    "resources": {"api", "warehouse", "resources"},
    "sync": {"api", "warehouse", "resources", "sync"},
    "hr": {"api", "warehouse", "resources", "hr"},
    "reporting": {"api", "warehouse", "resources", "reporting"},
}
FORBIDDEN = {
    "api": {"airflow", "sqlalchemy", "pandas"},
    "warehouse": {"airflow", "pandas", "requests"},
    "resources": {"airflow", "pandas"},
    "sync": {"airflow", "pandas"},
    "hr": {"airflow"},
    "reporting": {"airflow", "pandas"},
    "sandbox": {"sqlalchemy", "pandas", "requests"},
}
SANDBOX_MAY_USE = {"sandbox", "api.operations", "api.errors"}


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
                and (PACKAGE / parts[1]).is_dir()
                and parts[1] not in BELOW[room]
            ):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_room_stays_free_of_foreign_libraries(room: str) -> None:
    allowed_lazily = {"hr": {"pandas"}}
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules(room)
        for name in imported(path)
        if name.split(".")[0] in FORBIDDEN[room] - allowed_lazily.get(room, set())
        and not (room == "sandbox" and path.name == "demo.py")
    ]
    assert wrong == []


def test_sandbox_shares_only_the_catalogue_with_the_client() -> None:
    wrong = []
    for path in modules("sandbox"):
        if path.name == "demo.py":
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
