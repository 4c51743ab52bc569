"""Start the imitation of Cal.com's API."""

from __future__ import annotations

import typer


def sandbox_command(context: typer.Context) -> None:
    """Imitate Cal.com's API v2 on a port of this machine; calcom sandbox --help lists the options.

    :param context: the command; its words go to the sandbox as they are.
    """
    from calcom_provider.sandbox.__main__ import main

    try:
        code = main(context.args)
    except SystemExit as ended:
        # That is how its own parser ends help and wrong words.
        code = int(ended.code or 0)
    raise typer.Exit(code)
