"""The plan of a run over many organisations, for ``calcom plan --organizations``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from calcom_provider.cli.error_mapping import WRONG_CALL, CommandError

if TYPE_CHECKING:
    from calcom_provider.api.client import CalComClient
    from calcom_provider.warehouse import Warehouse


def print_fleet_plan(
    client: CalComClient,
    warehouse: Warehouse | None,
    *,
    organizations: str,
    resources: str,
    promises: str,
    within: str,
    parallel: int,
    as_json: bool,
) -> None:
    """Plan a run over many organisations that one credential reads, and print the plan.

    :param client: open client.
    :param warehouse: target of earlier runs, None if there is none.
    :param organizations: ids, ``platform``, or the path of a JSON file.
    :param resources: names of resources.
    :param promises: how old what may get.
    :param within: how long until the next run.
    :param parallel: syncs that run side by side.
    :param as_json: as JSON.
    """
    from calcom_provider.sync.fleet.forecast import jobs_of
    from calcom_provider.sync.fleet.model import Budget
    from calcom_provider.sync.fleet.organizations import organizations_of
    from calcom_provider.sync.fleet.planner import plan_fleet
    from calcom_provider.sync.fleet.promises import promises_of
    from calcom_provider.sync.option_values import duration

    named = organizations_of(_listed(client, organizations))
    last_reads = {}
    if warehouse is not None:
        with warehouse.fleet_records() as records:
            last_reads = records.last_reads()
    seconds = duration(within, "within")
    made = plan_fleet(
        jobs_of(named, promises_of(resources, promises), last_reads),
        budget=Budget.of(client.governor.snapshot()),
        within=None if seconds is None else seconds.total_seconds(),
        parallel=parallel,
    )
    if as_json:
        typer.echo(json.dumps(made.to_dict(), indent=2))
        return
    for line in made.lines():
        typer.echo(line)


def _listed(client: CalComClient, organizations: str) -> list[Any]:
    if organizations == "platform":
        managed = [row["id"] for row in client.rows("managed_organizations.list")]
        if not managed:
            raise CommandError(
                "This account manages no organization: Cal.com's list of those that a platform has made"
                " (managed_organizations.list) is empty. Name ids instead, --organizations 41,42, or leave"
                " --organizations out to plan for the credential's own.",
                WRONG_CALL,
            )
        return managed
    path = Path(organizations)
    if path.suffix != ".json":
        return [part.strip() for part in organizations.split(",") if part.strip()]
    try:
        found = json.loads(path.read_text())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.", WRONG_CALL) from None
    except ValueError:
        raise CommandError(f"{path} is no JSON.", WRONG_CALL) from None
    if not isinstance(found, list) or not found:
        raise CommandError(f"{path} is no list of organizations, or an empty one.", WRONG_CALL)
    return found
