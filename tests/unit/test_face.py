"""What users import stands at the door of its room, costs nothing until it is used, and changes only on purpose."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import calcom_provider
from calcom_provider.api.errors import CalComError
from calcom_provider.warehouse.errors import WarehouseError

PACKAGE = Path(calcom_provider.__file__).parent

#: The public names, by package. Taking one away, or renaming it, breaks the imports of users.
NAMES = {
    "calcom_provider": """
        AccessToken ApiKey CalComApplyWriteBackOperator CalComAssignAttributesOperator
        CalComAttributeSyncOperator CalComBookingSensor CalComClient CalComCreateOutOfOfficeOperator
        CalComDelegationCredentialOperator CalComErasePersonOperator CalComError CalComEventSyncOperator
        CalComFleetPlanOperator CalComFleetSummaryOperator CalComFleetToSqlOperator CalComHook
        CalComManagedOrganizationsOperator
        CalComNotifier CalComOperator CalComOutOfOfficeSensor CalComOutOfOfficeSyncOperator
        CalComReportingOperator CalComRetentionOperator CalComToSqlOperator CalComUndoWriteBackOperator
        CalComWarehouseCheckOperator CalComWebhooksOperator ManagedUser PlatformClient Sandbox SyncOptions Warehouse
    """,
    "calcom_provider.api": """
        AccessToken ApiKey ApiResponse Auth AuthenticationError CalComClient CalComError ClientStats
        ConfigurationError ConfirmationRequiredError ConflictError Diagnosis Finding Governor
        IncompleteReadError InvalidRequestError ManagedUser NotCalComError NotFoundError Operation
        PageReader ParameterError PermissionDeniedError PlatformClient RateLimitError Request
        RequestsTransport Response RetryPolicy ServerError Transport TransportError
        UnclearOutcomeError UnknownOperationError diagnose governor_for open_state_store
        render resolve verify_webhook_signature
    """,
    "calcom_provider.hooks": """
        CalComHook
    """,
    "calcom_provider.hr": """
        AbsenceMapping Action ApplyResult AttributeColumn AttributeJob AttributeSettings CalComError
        Common Confirmation DayPolicy DirectorySyncError EmployeeMapping EntryJob Field Gateway
        GuardLimits HrError HrMapping HrSettingsError Issue Ledger LedgerError MatchSettings
        OutOfOfficeJob OutOfOfficeSettings Plan RefusedError Rows RowsFailedError SourceError
        SourceFormat Verdict WriterBusyError assignment_job attribute_settings from_frame
        from_records from_table load_columns load_mapping load_settings markdown
        out_of_office_settings read_csv read_json settings_schema stored_plan undo_job
    """,
    "calcom_provider.notifications": """
        CalComNotifier CalComStateNotifier
    """,
    "calcom_provider.operators": """
        CalComApplyWriteBackOperator CalComAssignAttributesOperator CalComAttributeSyncOperator
        CalComCreateOutOfOfficeOperator CalComDelegationCredentialOperator CalComErasePersonOperator
        CalComLakehouseMaintenanceOperator CalComManagedOrganizationsOperator CalComOperator
        CalComOutOfOfficeSyncOperator CalComReportingOperator CalComRetentionOperator CalComRetryPolicy
        CalComUndoWriteBackOperator CalComWarehouseCheckOperator CalComWebhooksOperator ResponseCheckError
    """,
    "calcom_provider.reporting": """
        CheckResult Checks ChecksFailedError Options Reports Source VIEWS View raise_failed
    """,
    "calcom_provider.resources": """
        Child DEFAULT Read Resource Windows catalogue get select
    """,
    "calcom_provider.sensors": """
        CalComBookingSensor CalComOutOfOfficeSensor
    """,
    "calcom_provider.sync": """
        Backfill EventSyncResult Plan PlannedResource Progress SyncOptions SyncResult TableOptions plan sync
        sync_events
    """,
    "calcom_provider.transfers": """
        CalComEventSyncOperator CalComFleetPlanOperator CalComFleetSummaryOperator CalComFleetToSqlOperator
        CalComToSqlOperator
    """,
    "calcom_provider.triggers": """
        CalComChangeTrigger CalComConditionTrigger CalComEventTrigger
    """,
    "calcom_provider.warehouse": """
        CalComError Column DeleteGuard EXTRA EndedRun GuardExceededError IncompleteLoadError KnownMark
        LastRead LeaseLostError Load LoadInProgressError PageMark Parent PatchRefusedError PublicationUnknownError
        ResourceState RunInfo SchemaConflictError SchemaVersionError Table TableLoad TableResult UnsupportedTargetError
        Warehouse WarehouseError WarehouseUsageError lakehouse_connection
    """,
}


def faces() -> list[str]:
    return sorted(
        ".".join(path.parent.relative_to(PACKAGE.parent).parts) for path in PACKAGE.rglob("__init__.pyi")
    )


def in_a_process_of_its_own(code: str) -> object:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_packages_with_a_face_are_these() -> None:
    assert faces() == sorted(NAMES)


@pytest.mark.parametrize("package", sorted(NAMES))
def test_the_public_names_are_these(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module.__all__) == sorted(NAMES[package].split())
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing_here'"):
        module.nothing_here  # noqa: B018


@pytest.mark.parametrize("package", sorted(NAMES))
def test_the_stub_tells_the_same_names_from_the_same_modules(package: str) -> None:
    module = importlib.import_module(package)
    stub = Path(str(module.__file__)).with_suffix(".pyi")
    told = {
        alias.name: node.module
        for node in ast.parse(stub.read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(told) == sorted(module.__all__)
    for name, origin in told.items():
        assert getattr(module, name) is getattr(importlib.import_module(str(origin)), name)


@pytest.mark.parametrize("package", ["", ".api", ".warehouse", ".hr", ".resources", ".sync"])
def test_it_works_where_airflow_cannot_be_imported(package: str) -> None:
    named = "[getattr(module, name) for name in module.__all__]" if package else "module.CalComClient"
    assert (
        in_a_process_of_its_own(
            "import sys, json, importlib\n"
            "sys.modules['airflow'] = None\n"
            f"module = importlib.import_module('calcom_provider{package}')\n"
            f"{named}\n"
            "print(json.dumps(sorted(name for name in sys.modules if name.startswith('airflow.'))))"
        )
        == []
    )


@pytest.mark.parametrize("package", sorted(NAMES))
def test_importing_a_face_imports_nothing_heavy(package: str) -> None:
    heavy = ["airflow", "pandas", "sqlalchemy", "requests", "duckdb", "yaml", "typer"]
    assert (
        in_a_process_of_its_own(
            f"import sys, json, {package}\n"
            f"print(json.dumps([name for name in {heavy} if name in sys.modules]))"
        )
        == []
    )


def exception_classes() -> list[type[BaseException]]:
    found = set()
    for info in pkgutil.walk_packages([str(PACKAGE)], "calcom_provider."):
        # The sandbox imitates the other side; what it raises is an answer. ``__main__`` runs when imported.
        if ".sandbox" in info.name or info.name.endswith("__main__"):
            continue
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if not inspect.isclass(value) or not issubclass(value, BaseException):
                continue
            # What a socket raises stays between it and the library that uses it.
            if value.__module__ == info.name and not issubclass(value, OSError):
                found.add(value)
    return sorted(found, key=lambda kind: kind.__qualname__)


def test_every_error_has_one_base() -> None:
    kinds = exception_classes()
    assert len(kinds) > 30
    assert [kind for kind in kinds if not issubclass(kind, CalComError)] == []


def test_an_error_of_the_warehouse_is_caught_as_one_of_this_package() -> None:
    with pytest.raises(CalComError, match="no room"):
        raise WarehouseError("no\nroom")
    assert str(WarehouseError("no\nroom")) == "no room"
