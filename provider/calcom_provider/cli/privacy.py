"""Erase what is stored about people."""

from __future__ import annotations

import typer

app = typer.Typer(help="Erase what is stored about people.", no_args_is_help=True)
