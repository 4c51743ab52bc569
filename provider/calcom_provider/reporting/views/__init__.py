"""The views, in the order in which they are made."""

from __future__ import annotations

from calcom_provider.reporting.model import View
from calcom_provider.reporting.views.absences import FCT_OOO_DAY, RPT_TEAM_COVERAGE_DAY

VIEWS: tuple[View, ...] = (
    FCT_OOO_DAY,
    RPT_TEAM_COVERAGE_DAY,
)
