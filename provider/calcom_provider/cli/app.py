"""Put the commands together; what a command needs is imported when it runs."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import Any

import typer

from calcom_provider import __version__
from calcom_provider.cli import privacy, reading
from calcom_provider.cli.failures import CommandError, explain

#: Commands that live in modules of their own, imported only when one of them is asked for.
GROUPS = {
    "hr": ("calcom_provider.cli.hr", "HR data into Cal.com: plan, approve, apply."),
    "reports": ("calcom_provider.cli.reports", "Views over the warehouse tables."),
}

EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 wrong call or settings, 3 incomplete read or guard, nothing published."
)


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the groups that the arguments can reach.

    :param arguments: words of the command line
    """
    app = typer.Typer(
        name="calcom",
        help="Read a Cal.com organisation into a database, and write HR data back.",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    app.command("sync")(reading.sync_command)
    app.command("plan")(reading.plan_command)
    app.command("resources")(reading.resources_command)
    app.command("doctor")(reading.doctor_command)
    app.add_typer(privacy.app, name="privacy")
    first = next((word for word in arguments if not word.startswith("-")), "")
    for name, (module, summary) in GROUPS.items():
        if importlib.util.find_spec(module) is None:
            continue
        if first == name:
            app.add_typer(importlib.import_module(module).app, name=name, help=summary)
        else:
            app.add_typer(typer.Typer(help=summary), name=name, help=summary)
    return app


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    :param arguments: words after the program's name; None takes those of the process
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = typer.main.get_command(build(words))
    try:
        code = command.main(words, prog_name="calcom", standalone_mode=False)
    except CommandError as failure:
        typer.echo(f"Error: {failure}", err=True)
        return failure.code
    except Exception as error:
        return _misuse(error) if hasattr(error, "exit_code") else _failure(error)
    except KeyboardInterrupt:
        typer.echo("Stopped; nothing was published.", err=True)
        return 130
    return code if isinstance(code, int) else 0


def _misuse(error: Any) -> int:
    """Show what is wrong with the command line; its class depends on the version of Typer."""
    error.show()
    return 0 if type(error).__name__ == "NoArgsIsHelpError" else int(error.exit_code)


def _failure(error: Exception) -> int:
    if type(error).__name__ == "Abort":
        typer.echo("Stopped; nothing was published.", err=True)
        return 130
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
