"""Write the table of all operations for the documentation, from the catalogue and the coverage lists.

Usage: ``python tools/make_operations_page.py [OUTPUT.rst]``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import yaml

from calcom_provider.api.catalogue.operations import DATA, Catalogue, Operation, catalogue

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "docs" / "operations-table.rst"
COVERAGE = Path(__file__).with_name("coverage.yaml")
SYSTEMS = {
    "api_reference": "Attribute options, conferencing and verified resources of the API reference, and "
    "delegation credentials",
    "organization_tool_server": "Tool server for organisations",
    "platform_tool_server": "Tool server for platforms",
    "action_toolkit": "Toolkit of actions",
}
ORIGINS = {
    "contract": "Operations of the published contract",
    "newer": "Newer operations of the hosted API",
    "undocumented": "Undocumented operations",
}
ORIGIN_NOTES = {
    "newer": "Known from newer public sources; an older or self-hosted Cal.com answers 404. "
    "``calcom doctor`` tells which of them yours has.",
    "undocumented": "Still answered by the installation that the catalogue was checked against, "
    "and free to vanish.",
}
AUTH = {
    "api_key": "key",
    "platform": "platform",
    "managed_user": "managed user",
    "secret": "client secret",
    "none": "none",
}
RETRY = {"read": "read", "repeatable": "repeatable", "look_first": "look first", "never": "never"}

CALLING = """Call any of them by its short name, for example ``hook.call("org_memberships.list")``; the
operationId and the spelling of the tool servers work too."""
LEGEND = """*Auth* says which credentials the contract names. *Retry* says what happens after an unclear end:
reads and repeatable writes are sent again; *look first* means that the caller has to look before writing
again; *never* cannot be found out afterwards. *Notes*: *confirm* asks for a confirmation (*at times*: only
for some parameters), *upsert* overwrites what exists, *secret* marks answers that carry credentials, a date
is the ``cal-api-version`` that is sent.
"""


def page(operations: Catalogue, coverage: dict[str, dict[str, str | list[str]]]) -> str:
    """Build the page.

    :param operations: the catalogue.
    :param coverage: what other integrations offer, by system, each tool with the operation that does it.
    """
    found = list(operations.values())
    contract = [operation for operation in found if operation.origin == "contract"]
    parts = [
        ":orphan:",
        "",
        *heading("Operations", "="),
        f"{len(contract)} of {operations_in_contract()} operations of the contract, and "
        f"{len(found) - len(contract)} beyond it.",
        CALLING,
        "",
        LEGEND,
        *heading("What other integrations offer", "-"),
        *coverage_table(operations, coverage),
    ]
    for origin, title in ORIGINS.items():
        parts += heading(title, "-")
        parts += [ORIGIN_NOTES[origin], ""] if origin in ORIGIN_NOTES else []
        parts += operations_table(operation for operation in found if operation.origin == origin)
    parts += heading("Actions of the toolkit", "-")
    parts += actions_table(coverage["action_toolkit"])
    return "\n".join(parts).rstrip() + "\n"


def operations_in_contract() -> int:
    """Return how many operations the contract has that the catalogue was made from."""
    return int(json.loads(DATA.read_bytes())["contract"]["operations"])


def heading(title: str, line: str) -> list[str]:
    """Underline a title."""
    return [title, line * len(title), ""]


def coverage_table(operations: Catalogue, coverage: dict[str, dict[str, str | list[str]]]) -> list[str]:
    """Count per system how many of its tools are callable here."""
    rows = []
    for system, title in SYSTEMS.items():
        tools = coverage[system]
        callable_ = sum(all(name in operations.by_name for name in listed(names)) for names in tools.values())
        rows.append((title, f"{callable_} of {len(tools)}"))
    return table(("System", "Callable"), rows, (80, 20))


def actions_table(actions: dict[str, str | list[str]]) -> list[str]:
    """Say for each action of the toolkit which operation does it."""
    rows = [
        (action, " or ".join(f"``{name}``" for name in listed(names)))
        for action, names in sorted(actions.items(), key=lambda item: item[0].lower())
    ]
    return table(("Action", "Operation"), rows, (55, 45))


def listed(names: str | list[str]) -> list[str]:
    """Return the operations of a tool as a list."""
    return names if isinstance(names, list) else [names]


def operations_table(operations: Iterable[Operation]) -> list[str]:
    """Lay out operations, one a row."""
    rows = [
        (
            f"``{operation.name}``",
            f"{operation.method} ``{operation.path}``",
            ", ".join(AUTH[mode] for mode in operation.auth),
            RETRY[operation.retry],
            ", ".join(notes(operation)),
        )
        for operation in sorted(operations, key=lambda operation: operation.name)
    ]
    return table(("Short name", "Route", "Auth", "Retry", "Notes"), rows, (26, 38, 16, 10, 10))


def notes(operation: Operation) -> list[str]:
    """List what a caller should know of an operation, in single words."""
    found = []
    if operation.confirm:
        found.append("confirm at times" if operation.confirm_when else "confirm")
    found += ["upsert"] if operation.upsert else []
    found += ["secret"] if operation.secrets else []
    found += [operation.version] if operation.version else []
    return found


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], widths: tuple[int, ...]) -> list[str]:
    """Lay out a list table."""
    lines = [".. list-table::", "   :header-rows: 1", f"   :widths: {' '.join(map(str, widths))}", ""]
    for row in (head, *rows):
        lines += [f"   {'*' if place == 0 else ' '} - {cell}".rstrip() for place, cell in enumerate(row)]
    return [*lines, ""]


def main(arguments: list[str]) -> None:
    """Write the page."""
    output = Path(arguments[0]) if arguments else OUTPUT
    coverage = yaml.safe_load(COVERAGE.read_text(encoding="utf-8"))
    output.write_text(page(catalogue(), coverage), encoding="utf-8")
    print(f"{output.name}: {len(catalogue())} operations")


if __name__ == "__main__":
    main(sys.argv[1:])
