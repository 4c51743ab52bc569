"""The views, in the order in which they are made."""

from __future__ import annotations

from calcom_provider.reporting.model import View
from calcom_provider.reporting.views.absences import FCT_OOO_DAY, RPT_TEAM_COVERAGE_DAY
from calcom_provider.reporting.views.conflicts import RPT_OOO_BOOKING_CONFLICT
from calcom_provider.reporting.views.coverage import RPT_ATTRIBUTE_COVERAGE_DAY
from calcom_provider.reporting.views.health import RPT_SYNC_HEALTH
from calcom_provider.reporting.views.hosts import RPT_HOST_WEEK
from calcom_provider.reporting.views.members import DIM_MEMBER_ATTRIBUTE, RPT_HEADCOUNT_BY_ATTRIBUTE_DAY
from calcom_provider.reporting.views.routing import RPT_ROUTING_OUTCOME
from calcom_provider.reporting.views.write_back import RPT_WRITE_BACK

VIEWS: tuple[View, ...] = (
    DIM_MEMBER_ATTRIBUTE,
    RPT_HEADCOUNT_BY_ATTRIBUTE_DAY,
    FCT_OOO_DAY,
    RPT_TEAM_COVERAGE_DAY,
    RPT_OOO_BOOKING_CONFLICT,
    RPT_ATTRIBUTE_COVERAGE_DAY,
    RPT_HOST_WEEK,
    RPT_ROUTING_OUTCOME,
    RPT_SYNC_HEALTH,
    RPT_WRITE_BACK,
)
