"""The views, in the order in which they are made."""

from __future__ import annotations

from calcom_provider.reporting.model import View
from calcom_provider.reporting.views.absences import FCT_OOO_DAY, RPT_TEAM_COVERAGE_DAY
from calcom_provider.reporting.views.health import RPT_SYNC_HEALTH
from calcom_provider.reporting.views.write_back import RPT_WRITE_BACK

VIEWS: tuple[View, ...] = (
    FCT_OOO_DAY,
    RPT_TEAM_COVERAGE_DAY,
    RPT_SYNC_HEALTH,
    RPT_WRITE_BACK,
)
