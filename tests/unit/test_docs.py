"""The documentation says what the code says: messages, commands, markers, targets."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from calcom_provider.cli.app import run
from calcom_provider.reporting.model import View
from calcom_provider.reporting.views import VIEWS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.rst"))


def generator() -> Any:
    """Return the module that writes parts of the pages."""
    found = importlib.util.spec_from_file_location("calcom_pages", DOCS / "_ext" / "calcom_pages.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def source_texts() -> str:
    """Return every text in the package's code, the parts of one message joined."""
    found = []
    for path in (ROOT / "provider").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                found.append(
                    "".join(
                        str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values
                    )
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


TEXTS = source_texts()
MESSAGES = [
    message
    for line in (DOCS / "troubleshooting.rst").read_text().split("\n")
    if line.startswith("``")
    for message in re.findall(r"``(.+?)``", line)
]


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_in_the_docs_is_one_of_the_code(message: str) -> None:
    for part in filter(None, (part.strip() for part in message.split("…"))):
        assert part in TEXTS


def test_there_are_messages_to_check() -> None:
    assert len(MESSAGES) > 25


def shell_lines() -> list[tuple[str, str]]:
    """Return the shell commands that the pages and the README show, with where they stand."""
    found = []
    for page in [*PAGES, ROOT / "README.md"]:
        for line in page.read_text().split("\n"):
            command = line.strip()
            if re.match(r"(calcom|make) [a-z]", command) and not command.endswith("``"):
                found.append((page.name, command.partition(" #")[0]))
    return found


@pytest.mark.parametrize(("page", "line"), shell_lines())
def test_a_command_in_the_docs_exists(page: str, line: str) -> None:
    words = shlex.split(line)
    if words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), page
        return
    # With --help the words are read and unknown commands and options refused, but nothing is run.
    assert run([*words[1:], "--help"]) == 0, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_quoted_code_has_its_markers(page: Path) -> None:
    text = page.read_text()
    for block in re.findall(r"\.\. literalinclude:: (\S+)\n((?: +:.*\n)*)", text):
        quoted = (DOCS / block[0]).resolve()
        for marker in re.findall(r":(?:start-after|end-before): (.+)", block[1]):
            assert marker in quoted.read_text(), f"{quoted.name} lacks {marker}"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_is_explained_with_a_query_and_its_columns(view: View) -> None:
    text = (DOCS / "reporting.rst").read_text()
    assert text.count(f".. literalinclude:: views/{view.name}.sql\n") == 1
    assert text.count(f".. include:: _generated/views/{view.name}.inc\n") == 1
    assert view.name in (DOCS / "views" / f"{view.name}.sql").read_text()


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_columns_of_a_view_are_made_into_a_table(view: View) -> None:
    lines = generator().columns(view)
    assert [line for line in lines if line.startswith("   * - ``")] == [
        f"   * - ``{name}``" for name in view.columns
    ]
    assert lines.count("     - key") == len(view.key)


def test_every_query_in_the_docs_is_shown() -> None:
    text = (DOCS / "reporting.rst").read_text()
    for path in (path for folder in ("questions", "views") for path in (DOCS / folder).glob("*.sql")):
        assert f".. literalinclude:: {path.relative_to(DOCS)}\n" in text, path.name


def test_every_page_can_be_reached_from_the_index() -> None:
    listed = set(re.findall(r"^   ([a-z-]+)$", (DOCS / "index.rst").read_text(), re.MULTILINE))
    assert {page.stem for page in PAGES} - {"index"} == listed


def test_every_page_that_the_readme_links_exists() -> None:
    linked = re.findall(r"\]\(((?:docs|dags)/[^)]+)\)", (ROOT / "README.md").read_text())
    assert linked
    assert [path for path in linked if not (ROOT / path).is_file()] == []


def test_every_diagram_is_shown() -> None:
    shown = set(re.findall(r"_static/diagrams/(\S+\.svg)", "".join(page.read_text() for page in PAGES)))
    assert shown == {path.name for path in (DOCS / "_static" / "diagrams").glob("*.svg")}


def test_every_screenshot_is_shown() -> None:
    shown = set(re.findall(r"_static/screens/(\S+\.png)", "".join(page.read_text() for page in PAGES)))
    assert shown == {path.name for path in (DOCS / "_static" / "screens").glob("*.png")}
