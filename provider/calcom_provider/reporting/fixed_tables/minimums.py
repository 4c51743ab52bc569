"""The settings table of team coverage: how many of a team must be available."""

from __future__ import annotations

from collections.abc import Mapping

from calcom_provider.api.errors import ConfigurationError
from calcom_provider.reporting.fixed_tables.writing import create
from calcom_provider.warehouse.backends.base import Session
from calcom_provider.warehouse.schema import Column, Table

TEAM_MINIMUMS = Table(
    "team_minimums",
    (
        Column("team_id", "integer", nullable=False, comment="team in Cal.com"),
        Column(
            "minimum", "integer", nullable=False, comment="members who should be available each working day"
        ),
    ),
    key=("team_id",),
    comment="How many members of a team should be available.",
)


def create_minimums(session: Session, prefix: str) -> None:
    """Create the settings table unless it is there.

    :param session: session of the warehouse, outside of a transaction.
    :param prefix: what the names of the warehouse's tables begin with.
    """
    create(session, prefix, TEAM_MINIMUMS)


def check_minimums(minimums: Mapping[int, int]) -> None:
    """Refuse numbers that are no minimum.

    :raises ConfigurationError: for a number below zero.
    """
    if wrong := [team for team, number in minimums.items() if number < 0]:
        raise ConfigurationError(f"The minimum of team {wrong[0]} is below zero")


def set_minimums(session: Session, prefix: str, minimums: Mapping[int, int]) -> None:
    """Write the minimum of some teams; the others keep theirs. The caller holds the transaction.

    :param session: session of the warehouse.
    :param prefix: what the names of the warehouse's tables begin with.
    :param minimums: team -> members; 0 removes the team's minimum.
    :raises ConfigurationError: for a number below zero.
    """
    check_minimums(minimums)
    target = session.backend.qualify(prefix + TEAM_MINIMUMS.name)
    for team, number in minimums.items():
        session.execute(f"DELETE FROM {target} WHERE team_id = :team", {"team": team})
        if number:
            session.execute(
                f"INSERT INTO {target} (team_id, minimum) VALUES (:team, :number)",
                {"team": team, "number": number},
            )
