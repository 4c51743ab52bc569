"""The documentation says what the code says: messages, commands, markers, targets."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import shlex
import sys
import textwrap
import tomllib
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from calcom_provider.cli.app import run
from calcom_provider.events.store.tables import METADATA as EVENT_TABLES
from calcom_provider.get_provider_info import CONFIG, CONNECTION_TYPE
from calcom_provider.hr.config import attribute_settings, out_of_office_settings
from calcom_provider.hr.ledger.tables import METADATA
from calcom_provider.hr.plan.remedies import REMEDIES
from calcom_provider.hr.sources.ical import FeedSettings
from calcom_provider.hr.sources.mapping import load_mapping
from calcom_provider.hr.sources.mapping_file import (
    AbsenceFields,
    AbsencesHalf,
    EmployeeFields,
    EmployeesHalf,
    FieldSpec,
)
from calcom_provider.operators.delegation_table import DELEGATION_CREDENTIALS
from calcom_provider.reporting.building.build import OWN as REPORT_TABLES
from calcom_provider.reporting.model import View
from calcom_provider.reporting.views import VIEWS
from calcom_provider.sandbox.control.endpoints import CONTROLS
from calcom_provider.warehouse.bookkeeping.table_owners import OWNERS, own_names

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.rst"))


def generator() -> Any:
    """Return the module that writes parts of the pages."""
    if str(DOCS / "_ext") not in sys.path:
        sys.path.append(str(DOCS / "_ext"))
    return importlib.import_module("calcom_pages")


PARAMETERS = generator().parameters


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


def test_the_page_of_the_layout_names_every_room() -> None:
    package = ROOT / "provider" / "calcom_provider"
    rooms = {
        path.parent.relative_to(package) for path in package.glob("*/**/*.py") if path.stem != "__init__"
    }
    # Rooms within these are told by the one that they are in.
    told = {room for room in rooms if len(room.parts) <= 2 and room.parts != ("sandbox",)}
    text = (DOCS / "architecture.rst").read_text()
    assert {str(room) for room in told if f"``{room}/``" not in text} == set()
    assert [name for name in re.findall(r"``([a-z_/]+)/``", text) if not (package / name).is_dir()] == []
    ground = next(line for line in text.splitlines() if line.strip().startswith("root "))
    for name in ("errors", "lazy", "private_files", "process_identity"):
        assert name in ground


def test_every_operator_sensor_and_notifier_has_an_example_and_its_parameters() -> None:
    text = (DOCS / "operators.rst").read_text()
    shown = set(re.findall(r":start-after: \[START (\w+)\]", text))
    told = set(re.findall(r"include:: _generated/operators/(\w+)\.inc", text))
    assert set(PARAMETERS.documented()) - shown == set()
    assert set(PARAMETERS.documented()) - told == set()


@pytest.mark.parametrize("name", PARAMETERS.documented())
def test_every_parameter_of_an_operator_is_explained(name: str) -> None:
    declared = PARAMETERS.documented()[name]
    taken = set()
    for base in declared.__mro__:
        if base.__module__.startswith("calcom_provider.") and "__init__" in base.__dict__:
            kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
            found = inspect.signature(inspect.unwrap(base.__init__)).parameters.values()
            taken |= {one.name for one in found if one.kind not in kinds and one.name != "self"}
    explained = PARAMETERS.parameters_of(declared)
    assert taken - set(explained) == set()
    assert set(explained) - taken == set()


DAGS = importlib.import_module("dag_pages")
SHIPPED = DAGS.shipped()


def test_every_shipped_dag_has_its_part_of_the_page() -> None:
    text = (DOCS / "dags.rst").read_text()
    assert set(SHIPPED) == {path.stem for path in (ROOT / "dags").glob("*.py")}
    assert re.findall(r"_generated/dags/(\w+)\.inc", text) == re.findall(r"^(\w+)\n-+$", text, re.MULTILINE)
    assert set(re.findall(r"_generated/dags/(\w+)\.inc", text)) == set(SHIPPED)


@pytest.mark.parametrize("dag_id", SHIPPED)
def test_the_page_of_a_dag_says_what_it_asks_for_and_draws_it(dag_id: str) -> None:
    dag = SHIPPED[dag_id]
    lines = DAGS.page_part(dag)
    told = "\n".join(lines)
    for name in dag.params:
        param = dag.params[name]
        row = lines.index(f"   * - ``{name}``")
        assert len(lines[row + 2].strip()) > 2, f"{name} is not explained"
        if name.endswith("conn_id") and param:
            assert f"``{param}``" in told.partition("\n:Tasks:")[0]
    drawn = ElementTree.fromstring(DAGS.picture(dag))
    boxes = {
        "".join(one.itertext()).removesuffix(" (mapped)") for one in drawn.iter() if one.tag.endswith("}text")
    }
    assert {task.task_id for task in dag.tasks} <= boxes
    arrows = [one for one in drawn.iter() if one.get("marker-end")]
    assert len(arrows) == sum(len(task.downstream_task_ids) for task in dag.tasks)


def test_the_reference_of_the_api_leaves_out_nothing_that_users_import() -> None:
    from tests.unit.test_face import NAMES

    left_out = ast.literal_eval(
        re.findall(r"^autoapi_ignore = (\[.*?\])", (DOCS / "conf.py").read_text(), re.S | re.MULTILINE)[0]
    )
    for package, names in NAMES.items():
        for name in names.split():
            module = getattr(getattr(importlib.import_module(package), name), "__module__", None)
            if module and module.startswith("calcom_provider"):
                path = inspect.getsourcefile(sys.modules[module]) or ""
                assert not any(fnmatch(path, pattern) for pattern in left_out), f"{package}.{name}"


def test_the_airflow_that_is_named_is_the_one_of_the_lock_file() -> None:
    lock = (ROOT / "uv.lock").read_text()
    (locked,) = re.findall(r'^name = "apache-airflow"\nversion = "(.+?)"', lock, re.MULTILINE)
    assert f"| {locked}, the newest when this was written" in (ROOT / "README.md").read_text()
    assert f"; {locked} was the newest" in (DOCS / "upgrading.rst").read_text()
    assert f"apache/airflow:{locked}-" in (DOCS / "deployment.rst").read_text()


def test_every_example_is_shown() -> None:
    text = "".join(page.read_text() for page in PAGES)
    for path in (DOCS / "examples").glob("*.*"):
        assert f"literalinclude:: examples/{path.name}\n" in text, path.name
        for marker in re.findall(r"\[START (\w+)\]", path.read_text()):
            assert f"[START {marker}]" in text, f"{path.name}: {marker}"


def test_the_examples_of_the_docs_are_dags(airflow_db: Path) -> None:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    bag = DagBag(DOCS / "examples")
    assert bag.import_errors == {}
    assert set(bag.dags) == {path.stem for path in (DOCS / "examples").glob("*.py")}
    for dag in bag.dags.values():
        DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))


def test_the_readme_names_every_extra() -> None:
    text = (ROOT / "README.md").read_text()
    named = text[text.index("Extras: ") :].partition("\n\n")[0]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"`([a-z]+)`", named)) == set(extras)


def test_the_page_on_deployment_names_the_variables_that_the_code_reads() -> None:
    read = set()
    for path in [*(ROOT / "provider").rglob("*.py"), *(ROOT / "dags").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and re.fullmatch(r"CALCOM_[A-Z_]*[A-Z]", str(node.value)):
                read.add(node.value)
    named = set(re.findall(r"``(CALCOM_[A-Z_]+)``", (DOCS / "deployment.rst").read_text()))
    assert named == read


def test_every_option_of_airflow_s_configuration_is_explained() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert [name for name in CONFIG["calcom"]["options"] if f"``{name}``" not in text] == []


def test_every_field_of_the_connection_is_explained() -> None:
    text = (DOCS / "connections.rst").read_text()
    assert [name for name in CONNECTION_TYPE["conn-fields"] if f"``{name}``" not in text] == []


def test_the_page_on_the_write_back_names_every_table_of_the_ledger() -> None:
    text = (DOCS / "write-back.rst").read_text()
    assert [name for name in METADATA.tables if f"``{name}``" not in text] == []


def test_every_code_of_a_row_that_is_not_written_is_named() -> None:
    text = "".join((DOCS / page).read_text() for page in ("hr-mappings.rst", "write-back.rst"))
    assert [code for code in REMEDIES if f"``{code}``" not in text] == []


def test_every_control_of_the_sandbox_is_in_its_table() -> None:
    text = (DOCS / "sandbox.rst").read_text()
    named = re.findall(r"^   \* - ``[A-Z]+ /__sandbox/(\w+)``$", text, re.MULTILINE)
    assert sorted(named) == sorted({word for _, word in CONTROLS})


def test_every_public_class_for_dags_is_named() -> None:
    from tests.unit.test_face import NAMES

    text = "".join(page.read_text() for page in PAGES)
    faces = ("hooks", "notifications", "operators", "sensors", "transfers")
    names = {name for face in faces for name in NAMES[f"calcom_provider.{face}"].split()}
    assert [name for name in sorted(names) if name not in text] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_a_test_that_a_page_names_exists(page: Path) -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text()))
    assert [path for path, _ in named if not (ROOT / path).is_file()] == []
    assert [name for path, name in named if name and f"def {name}(" not in (ROOT / path).read_text()] == []


def test_every_key_of_an_hr_mapping_is_in_its_tables() -> None:
    assert ".. include:: _generated/hr-mapping.inc\n" in (DOCS / "hr-mappings.rst").read_text()
    told = re.findall(r"^   \* - ``(\w+)``$", "\n".join(generator().hr_mapping()), re.MULTILINE)
    kinds = (EmployeesHalf, EmployeeFields, AbsencesHalf, AbsenceFields, FeedSettings, FieldSpec)
    assert sorted(told) == sorted(one.name for kind in kinds for one in fields(kind))


def test_the_mapping_and_the_settings_that_the_pages_show_are_right() -> None:
    (mapping,) = yaml_blocks("hr-mappings.rst")
    assert load_mapping({"name": "shown", **mapping}).absences is not None
    shown, _ = yaml_blocks("write-back.rst")
    halves = {name: shown.pop(name) for name in ("attributes", "out_of_office")}
    attribute_settings({**shown, **halves["attributes"]})
    out_of_office_settings({**shown, **halves["out_of_office"]})


def yaml_blocks(page: str) -> list[dict[str, Any]]:
    """Return the blocks of YAML that a page shows."""
    text = (DOCS / page).read_text()
    blocks = re.findall(r"^\.\. code-block:: yaml\n\n((?:    .*\n|\n)+)", text, re.MULTILINE)
    return [yaml.safe_load(textwrap.dedent(block)) for block in blocks]


def test_every_table_that_holds_no_rows_of_cal_com_is_named() -> None:
    text = "".join(page.read_text() for page in PAGES)
    own = {f"calcom_{name}" for name in own_names()} | {OWNERS, f"calcom_{DELEGATION_CREDENTIALS.name}"}
    own |= {f"calcom_{table.name}" for table in REPORT_TABLES} | set(EVENT_TABLES.tables)
    assert [name for name in sorted(own) if f"``{name}``" not in text] == []
