"""Put the commands together; what a command needs is imported when it runs."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

from calcom_provider import __version__
from calcom_provider.cli import privacy, reading, sandbox, settings
from calcom_provider.cli.error_mapping import CommandError, explain
from calcom_provider.cli.spoken_logs import spoken_logs
from calcom_provider.cli.tables.export import export_command
from calcom_provider.cli.tables.maintain import maintain_command

#: Commands that live in modules of their own, imported only when one of them is asked for.
GROUPS = {
    "hr": ("calcom_provider.cli.hr.commands", "HR data into Cal.com: plan, approve, apply."),
    "webhooks": (
        "calcom_provider.cli.webhooks",
        "Cal.com's webhooks: subscribe, receive, merge what they name.",
    ),
    "reports": ("calcom_provider.cli.reports", "Views over the warehouse tables."),
}

#: The exit code that Typer makes of Ctrl-C.
BROKEN_OFF = 130
#: Set by the shell while it completes a word; then every group may be asked for.
COMPLETING = "_CALCOM_COMPLETE"
EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 wrong call or settings, 3 incomplete read or guard, nothing published or written;"
    " hr plan also 4: there are changes."
)


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the groups that the arguments can reach.

    :param arguments: words of the command line.
    """
    app = typer.Typer(
        name="calcom",
        help="Read a Cal.com organisation into a database, and write HR data back.",
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    app.command("sync")(reading.sync_command)
    app.command("plan")(reading.plan_command)
    app.command("resources")(reading.resources_command)
    app.command("doctor")(reading.doctor_command)
    passed_on = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command("sandbox", add_help_option=False, context_settings=passed_on)(sandbox.sandbox_command)
    app.command("config")(settings.config_command)
    app.command("export")(export_command)
    app.command("maintain")(maintain_command)
    app.add_typer(privacy.app, name="privacy")
    first = next((word for word in arguments if not word.startswith("-")), "")
    for name, (module, summary) in GROUPS.items():
        if importlib.util.find_spec(module) is None:
            continue
        if first == name or COMPLETING in os.environ:
            app.add_typer(importlib.import_module(module).app, name=name, help=summary)
        else:
            app.add_typer(typer.Typer(help=summary), name=name, help=summary)
    return app


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    :param arguments: words after the program's name; None takes those of the process.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = typer.main.get_command(build(words))
    try:
        with spoken_logs(quiet=bool({"-q", "--quiet"} & set(words))):
            code = command.main(words, prog_name="calcom", standalone_mode=False)
    except CommandError as failure:
        typer.echo(f"Error: {failure}", err=True)
        return failure.code
    except Exception as error:
        if type(error).__name__ == "Abort":
            return _stopped(words)
        return _misuse(error) if hasattr(error, "exit_code") else _failure(error)
    except KeyboardInterrupt:
        return _stopped(words)
    if code == BROKEN_OFF:
        return _stopped(words)
    return code if isinstance(code, int) else 0


def _stopped(words: Sequence[str]) -> int:
    """Say what a command that was broken off leaves behind."""
    named = [word for word in words if not word.startswith("-")]
    text = "Stopped."
    if named[:1] == ["sync"]:
        text = "Stopped; nothing was published."
    elif named[:2] in (["hr", "apply"], ["hr", "undo"]):
        text = "Stopped; the ledger holds what was written, and the same command goes on from there."
    typer.echo(text, err=True)
    return BROKEN_OFF


def _misuse(error: Any) -> int:
    """Show what is wrong with the command line; its class depends on the version of Typer."""
    error.show()
    return 0 if type(error).__name__ == "NoArgsIsHelpError" else int(error.exit_code)


def _failure(error: Exception) -> int:
    text, code = explain(error)
    typer.echo(f"Error: {text}", err=True)
    return code


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say the version."
    ),
) -> None:
    """Read a Cal.com organisation into a database, and write HR data back."""
