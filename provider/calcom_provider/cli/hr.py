"""Plan, apply and undo the write-back of HR data from a shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calcom_provider.cli import connection
from calcom_provider.cli.failures import FAILED, CommandError, explain

if TYPE_CHECKING:
    from calcom_provider.hr.attribute_job import AttributeJob
    from calcom_provider.hr.ledger import Ledger
    from calcom_provider.hr.ooo_job import OutOfOfficeJob
    from calcom_provider.hr.plan import Plan

CHANGES = 2
KINDS = ("attributes", "out_of_office")

app = typer.Typer(
    help="HR data into Cal.com: plan, look, apply, undo.",
    no_args_is_help=True,
    epilog="Exit codes: plan 0 no change, 2 changes, 1 refused or failed; apply and undo 0 done, 1 failed.",
)

Settings = Annotated[Path, typer.Option("--settings", help="YAML file: timezone, mapping, columns, limits.")]
LedgerUrl = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        envvar="CALCOM_LEDGER_URL",
        help="SQLAlchemy URL of the ledger: PostgreSQL, MySQL, SQLite, duckdb:///file.",
    ),
]
Employees = Annotated[Path | None, typer.Option("--employees", help="File of the employee source.")]
Absences = Annotated[Path | None, typer.Option("--absences", help="File of the absence source.")]
Confirm = Annotated[
    list[str] | None,
    typer.Option(
        "--confirm", help="Override for this run: the plan's hash, or guard=exact count; repeatable."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


@app.command("plan")
def plan_command(
    kind: Annotated[str, typer.Argument(help="attributes or out_of_office.")],
    settings: Settings,
    employees: Employees = None,
    absences: Absences = None,
    ledger: LedgerUrl = None,
    confirm: Confirm = None,
    values: Annotated[bool, typer.Option("--values", help="Show before and after: data of people.")] = False,
    as_json: AsJson = False,
    base_url: connection.BaseUrl = None,
    api_key_file: connection.KeyFile = None,
    organization_id: connection.OrganizationId = None,
    client_id: connection.ClientId = None,
    state_store: connection.StateStore = None,
) -> int:
    """Compare HR data with Cal.com and show what would be written; nothing is."""
    with _jobs(ledger, base_url, api_key_file, organization_id, client_id, state_store) as open_job:
        job = open_job(kind, settings, confirm)
        plan = _plan(job, kind, employees, absences)
    _show(plan, values, as_json)
    return {"no_change": 0, "changes": CHANGES, "refused": FAILED}[plan.outcome]


@app.command("apply")
def apply_command(
    kind: Annotated[str, typer.Argument(help="attributes or out_of_office.")],
    settings: Settings,
    plan_id: Annotated[str | None, typer.Option(help="Apply this plan of the ledger, and no other.")] = None,
    plan_hash: Annotated[str | None, typer.Option(help="Hash that the plan must have.")] = None,
    employees: Employees = None,
    absences: Absences = None,
    ledger: LedgerUrl = None,
    confirm: Confirm = None,
    as_json: AsJson = False,
    base_url: connection.BaseUrl = None,
    api_key_file: connection.KeyFile = None,
    organization_id: connection.OrganizationId = None,
    client_id: connection.ClientId = None,
    state_store: connection.StateStore = None,
) -> int:
    """Write a stored plan, or plan and write at once."""
    from calcom_provider.hr.jobs import check_rows
    from calcom_provider.hr.stored import stored_plan

    with _jobs(ledger, base_url, api_key_file, organization_id, client_id, state_store) as open_job:
        job = open_job(kind, settings, [*(confirm or []), *([plan_hash] if plan_hash and plan_id else [])])
        with job.writing():
            if plan_id:
                plan = stored_plan(_ledger_of(job), plan_id, plan_hash, job.settings.common.confirm)
            else:
                plan = _plan(job, kind, employees, absences)
            result = job.apply(plan, reread=bool(plan_id))
        _print(result.summary(), as_json)
        check_rows(plan, result, job.settings.common.max_failed_rows)
    return 0


@app.command("undo")
def undo_command(
    plan_id: Annotated[str, typer.Argument(help="The applied plan to take back.")],
    ledger: LedgerUrl,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the inverse plan only.")] = False,
    as_json: AsJson = False,
    base_url: connection.BaseUrl = None,
    api_key_file: connection.KeyFile = None,
    organization_id: connection.OrganizationId = None,
    client_id: connection.ClientId = None,
    state_store: connection.StateStore = None,
) -> int:
    """Take an applied plan back, as far as that is possible."""
    with _failures():
        from calcom_provider.hr.gateway import Gateway
        from calcom_provider.hr.stored import undo_job

        with (
            connection.open_client(
                base_url=base_url,
                key_file=api_key_file,
                organization_id=organization_id,
                client_id=client_id,
                state_store=state_store,
            ) as client,
            _open_ledger(ledger) as book,
        ):
            job = undo_job(Gateway(client), book, plan_id)
            undo = job.plan(plan_id)
            _print(undo.summary(), as_json)
            if dry_run or not undo.plan.actions:
                return 0
            result = job.apply(undo.plan)
            _print(result.summary(), as_json)
            return FAILED if result.failures else 0


OpenJob = Callable[[str, Path, "list[str] | None"], "AttributeJob | OutOfOfficeJob"]


@contextmanager
def _jobs(
    ledger: str | None,
    base_url: str | None,
    key_file: str | None,
    organization_id: int | None,
    client_id: str | None,
    state_store: str | None,
) -> Iterator[OpenJob]:
    """Give a function that opens a job; whatever fails ends with exit code 1, since 2 means changes here."""
    with _failures():
        from contextlib import ExitStack

        with ExitStack() as stack:

            def open_job(kind: str, settings: Path, confirm: list[str] | None) -> Any:
                from calcom_provider.hr.config import load_settings
                from calcom_provider.hr.gateway import Gateway

                raw = _settings_of(load_settings(settings), kind)
                raw["confirm"] = _confirmation(confirm) or raw.get("confirm")
                client = stack.enter_context(
                    connection.open_client(
                        base_url=base_url,
                        key_file=key_file,
                        organization_id=organization_id,
                        client_id=client_id,
                        state_store=state_store,
                    )
                )
                book = stack.enter_context(_open_ledger(ledger)) if ledger else None
                return _job(kind, Gateway(client), raw, book)

            yield open_job


def _job(
    kind: str, gateway: Any, raw: dict[str, Any], ledger: Ledger | None
) -> AttributeJob | OutOfOfficeJob:
    from calcom_provider.hr.attribute_job import AttributeJob
    from calcom_provider.hr.config import attribute_settings, out_of_office_settings
    from calcom_provider.hr.ooo_job import OutOfOfficeJob

    if kind == "attributes":
        return AttributeJob(gateway, attribute_settings(raw), ledger)
    return OutOfOfficeJob(gateway, out_of_office_settings(raw), ledger)


def _plan(job: Any, kind: str, employees: Path | None, absences: Path | None) -> Plan:
    mapping = job.settings.common.mapping
    staff = mapping.employees.source.read(_bytes(employees)) if employees and mapping.employees else None
    if kind == "attributes":
        if staff is None:
            raise CommandError("Attributes need --employees, and a mapping with the half employees.")
        return job.plan(staff)
    if absences is None or mapping.absences is None:
        raise CommandError("Out-of-office entries need --absences, and a mapping with the half absences.")
    return job.plan(mapping.absences.source.read(_bytes(absences)), staff)


def _settings_of(raw: dict[str, Any], kind: str) -> dict[str, Any]:
    if kind not in KINDS:
        raise CommandError(f"{kind} is none of {', '.join(KINDS)}.")
    halves = {name: raw.pop(name, None) or {} for name in KINDS}
    return {**raw, **halves[kind]}


def _confirmation(given: list[str] | None) -> Any:
    words = [word for word in given or [] if word]
    hashes = [word for word in words if "=" not in word]
    if hashes:
        return hashes[-1]
    try:
        return {name: int(count) for name, _, count in (word.partition("=") for word in words)}
    except ValueError:
        raise CommandError("--confirm takes a plan hash, or guard=count.") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).") from None


def _open_ledger(url: str | None) -> Ledger:
    from calcom_provider.hr.ledger import Ledger

    if not url:
        raise CommandError("This needs the ledger: --ledger or CALCOM_LEDGER_URL.")
    return Ledger(url)


def _ledger_of(job: Any) -> Ledger:
    if job.ledger is None:
        raise CommandError("A stored plan is in the ledger: --ledger or CALCOM_LEDGER_URL.")
    return job.ledger


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except (CommandError, typer.Exit):
        raise
    except Exception as error:
        raise CommandError(explain(error)[0], FAILED) from None


def _show(plan: Plan, values: bool, as_json: bool) -> None:
    if as_json:
        _print(plan.summary(), True)
        return
    from rich.console import Console

    from calcom_provider.hr.display import table

    console = Console()
    console.print(table(plan, values=values))
    _print(plan.summary(), False)


def _print(summary: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(summary))
        return
    for name, value in summary.items():
        if value or value == 0:
            typer.echo(f"{name}: {json.dumps(value) if isinstance(value, dict | list) else value}")
