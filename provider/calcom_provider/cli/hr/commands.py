"""Plan, apply and undo the write-back of HR data from a shell."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calcom_provider.cli import connection
from calcom_provider.cli.error_mapping import CHANGES, DONE, FAILED, REFUSED, WRONG_CALL, CommandError
from calcom_provider.cli.hr.output import (
    Issues,
    Values,
    print_plan,
    print_summary,
)
from calcom_provider.cli.hr.stored import issues_command, list_command, mappings, show_command

if TYPE_CHECKING:
    from calcom_provider.hr.attributes.job import AttributeJob
    from calcom_provider.hr.ledger.record import Ledger
    from calcom_provider.hr.out_of_office.job import OutOfOfficeJob
    from calcom_provider.hr.plan.model import Plan

KINDS = ("attributes", "out_of_office")
#: Variable with the address of a calendar feed: a secret, and others can read command lines.
FEED = "CALCOM_ABSENCES_FEED"

app = typer.Typer(
    help="HR data into Cal.com: plan, look, apply, undo.",
    no_args_is_help=True,
    epilog="Exit codes: 0 done, 1 failed, 2 wrong call or settings, 3 a guard refused; plan also 4: there are changes.",
)

app.command("list")(list_command)
app.command("show")(show_command)
app.command("issues")(issues_command)
app.add_typer(mappings, name="mappings")

Settings = Annotated[Path, typer.Option("--settings", help="YAML file: timezone, mapping, columns, limits.")]
Employees = Annotated[Path | None, typer.Option("--employees", help="File of the employee source.")]
Absences = Annotated[
    Path | None,
    typer.Option(
        "--absences",
        help="File of the absence source; without it the calendar feed of CALCOM_ABSENCES_FEED.",
    ),
]
Confirm = Annotated[
    list[str] | None,
    typer.Option(
        "--confirm", help="Override for this run: the plan's hash, or guard=exact count; repeatable."
    ),
]
ConfirmedBy = Annotated[
    str | None,
    typer.Option(
        "--confirmed-by", help="Who confirms, for the ledger; default the user of this shell and the machine."
    ),
]


@app.command("plan")
@connection.with_api
def plan_command(
    kind: Annotated[str, typer.Argument(help="attributes or out_of_office.")],
    settings: Settings,
    employees: Employees = None,
    absences: Absences = None,
    ledger: connection.LedgerUrl = None,
    confirm: Confirm = None,
    confirmed_by: ConfirmedBy = None,
    values: Values = False,
    issues: Issues = False,
    as_json: connection.AsJson = False,
    *,
    api: connection.Api,
) -> int:
    """Compare HR data with Cal.com and show what would be written; nothing is."""
    with _jobs(ledger, api) as open_job:
        job = open_job(kind, settings, _confirmation(confirm), confirmed_by)
        plan = _plan(job, kind, employees, absences)
    more = _to_confirm(plan, settings, employees, absences, ledger)
    print_plan(plan, values=values, issues=issues, as_json=as_json, more=more)
    return {"no_change": DONE, "changes": CHANGES, "refused": REFUSED}[plan.outcome]


@app.command("apply")
@connection.with_api
def apply_command(
    kind: Annotated[str, typer.Argument(help="attributes or out_of_office.")],
    settings: Settings,
    plan_id: Annotated[str | None, typer.Option(help="Apply this plan of the ledger, and no other.")] = None,
    plan_hash: Annotated[str | None, typer.Option(help="Hash that the plan must have.")] = None,
    employees: Employees = None,
    absences: Absences = None,
    ledger: connection.LedgerUrl = None,
    confirm: Confirm = None,
    confirmed_by: ConfirmedBy = None,
    as_json: connection.AsJson = False,
    *,
    api: connection.Api,
) -> int:
    """Write a stored plan, or plan and write at once."""
    from calcom_provider.hr.apply.job import check_rows
    from calcom_provider.hr.apply.stored_plans import stored_plan

    with _jobs(ledger, api) as open_job:
        job = open_job(kind, settings, _confirmation(confirm), confirmed_by)
        with job.lease():
            if plan_id:
                plan = stored_plan(_ledger_of(job), plan_id, plan_hash, job.settings.common.confirm)
                if plan.kind != kind:
                    raise CommandError(f"Plan {plan_id} is one of {plan.kind}, not of {kind}.", WRONG_CALL)
            else:
                plan = _plan(job, kind, employees, absences)
                if plan_hash and plan.hash != plan_hash:
                    raise CommandError("The plan made now is not the one named: its hash differs.", REFUSED)
            for line in _to_confirm(plan, settings, employees, absences, ledger).values():
                typer.echo(f"to confirm: {line}", err=True)
            result = job.apply(plan, reread=bool(plan_id))
        print_summary(result.summary(), as_json=as_json)
        check_rows(plan, result, job.settings.common.max_failed_rows)
    return 0


@app.command("schema")
def schema_command() -> None:
    """Print the JSON schema of the settings file, for editors."""
    from calcom_provider.hr.settings import settings_schema

    typer.echo(json.dumps(settings_schema(), indent=2))


@app.command("undo")
@connection.with_api
def undo_command(
    plan_id: Annotated[str, typer.Argument(help="The applied plan to take back.")],
    ledger: connection.LedgerUrl,
    preview: Annotated[bool, typer.Option("--preview", help="Show the inverse plan only.")] = False,
    as_json: connection.AsJson = False,
    *,
    api: connection.Api,
) -> int:
    """Take an applied plan back, as far as that is possible."""
    from calcom_provider.hr.apply.stored_plans import undo_job
    from calcom_provider.hr.target.gateway import Gateway

    with (
        api.open() as client,
        _open_ledger(ledger) as book,
    ):
        job = undo_job(Gateway(client), book, plan_id)
        undo = job.plan(plan_id)
        print_summary(undo.summary(), as_json=as_json)
        if preview or not undo.plan.actions:
            return 0
        result = job.apply(undo.plan)
        print_summary(result.summary(), as_json=as_json)
        return FAILED if result.failures else 0


@app.command("quarantine")
def quarantine_command(
    ledger: connection.LedgerUrl = None,
    everything: Annotated[bool, typer.Option("--all", help="Show those too that have ended.")] = False,
    as_json: connection.AsJson = False,
) -> int:
    """Show which namespaces a refused run has stopped, since when, and how earlier ones ended."""
    from dataclasses import asdict

    with _open_ledger(ledger) as book:
        found = [asdict(one) for one in book.quarantines(ended=everything)]
    if as_json:
        typer.echo(json.dumps(found))
        return 0
    if not found:
        typer.echo("No namespace is in quarantine.")
    for one in found:
        print_summary(one, as_json=False)
    return 0


OpenJob = Callable[[str, Path, Any, "str | None"], "AttributeJob | OutOfOfficeJob"]


@contextmanager
def _jobs(ledger: str | None, api: connection.Api) -> Iterator[OpenJob]:
    """Give a function that opens a job; what it opened is closed afterwards."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def open_job(kind: str, settings: Path, confirm: Any, confirmed_by: str | None) -> Any:
            from calcom_provider.hr.config import load_settings
            from calcom_provider.hr.target.gateway import Gateway

            raw = _settings_of(load_settings(settings), kind)
            raw["confirm"] = confirm or raw.get("confirm")
            raw["confirmed_by"] = confirmed_by or _user_here()
            client = stack.enter_context(api.open())
            book = stack.enter_context(_open_ledger(ledger)) if ledger else None
            return _job(kind, Gateway(client), raw, book)

        yield open_job


def _job(
    kind: str, gateway: Any, raw: dict[str, Any], ledger: Ledger | None
) -> AttributeJob | OutOfOfficeJob:
    from calcom_provider.hr.attributes.job import AttributeJob
    from calcom_provider.hr.config import attribute_settings, out_of_office_settings
    from calcom_provider.hr.out_of_office.job import OutOfOfficeJob

    if kind == "attributes":
        return AttributeJob(gateway, attribute_settings(raw), ledger)
    return OutOfOfficeJob(gateway, out_of_office_settings(raw), ledger)


def _plan(job: Any, kind: str, employees: Path | None, absences: Path | None) -> Plan:
    mapping = job.settings.common.mapping
    staff = mapping.employees.source.read(_bytes(employees)) if employees and mapping.employees else None
    if kind == "attributes":
        if staff is None:
            raise CommandError(
                "Attributes need --employees, and a mapping with the half employees.", WRONG_CALL
            )
        return job.plan(staff)
    if mapping.absences is None:
        raise CommandError("Out-of-office entries need a mapping with the half absences.", WRONG_CALL)
    data = _bytes(absences) if absences is not None else _feed()
    return job.plan(mapping.read_absences(data, staff, job.settings.common.today()), staff)


def _feed() -> bytes:
    from calcom_provider.hr.sources.feed import fetch_feed

    address = os.environ.get(FEED)
    if not address:
        raise CommandError(
            f"Out-of-office entries need --absences, or a calendar feed's address in {FEED}.", WRONG_CALL
        )
    return fetch_feed(address, FEED)


def _settings_of(raw: dict[str, Any], kind: str) -> dict[str, Any]:
    if kind not in KINDS:
        raise CommandError(f"{kind} is none of {', '.join(KINDS)}.", WRONG_CALL)
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
        raise CommandError("--confirm takes a plan hash, or guard=count.", WRONG_CALL) from None


def _user_here() -> str:
    import getpass
    import socket

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # A container's user may have no name.
        name = "unknown"
    return f"{name}@{socket.gethostname()}"


def _to_confirm(
    plan: Plan, settings: Path, employees: Path | None, absences: Path | None, ledger: str | None
) -> dict[str, str]:
    """Return the command that confirms a refused plan; empty when there is none."""
    from calcom_provider.hr.plan.guards import counts_to_confirm
    from calcom_provider.hr.plan.rendering import confirm_command

    if not counts_to_confirm(plan.verdicts):
        return {}
    arguments = ["--settings", str(settings)]
    for name, path in (("--employees", employees), ("--absences", absences)):
        arguments += [name, str(path)] if path and not ledger else []
    # The ledger's address may hold a password; it is asked for in the environment then.
    arguments += ["--ledger", ledger] if ledger and "@" not in ledger else []
    return {"confirm_command": confirm_command(plan, arguments, stored=ledger is not None)}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).") from None


def _open_ledger(url: str | None) -> Ledger:
    from calcom_provider.hr.ledger.record import Ledger

    if not url:
        raise CommandError("This needs the ledger: --ledger or CALCOM_LEDGER_URL.", WRONG_CALL)
    return Ledger(url)


def _ledger_of(job: Any) -> Ledger:
    if job.ledger is None:
        raise CommandError("A stored plan is in the ledger: --ledger or CALCOM_LEDGER_URL.", WRONG_CALL)
    return job.ledger
