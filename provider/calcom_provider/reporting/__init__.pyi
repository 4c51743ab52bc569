from calcom_provider.reporting.building.build import Reports
from calcom_provider.reporting.checks.checks import Checks, raise_failed
from calcom_provider.reporting.checks.results import CheckResult, ChecksFailedError
from calcom_provider.reporting.model import View
from calcom_provider.reporting.source import Options, Source
from calcom_provider.reporting.views import VIEWS

__all__ = [
    "VIEWS",
    "CheckResult",
    "Checks",
    "ChecksFailedError",
    "Options",
    "Reports",
    "Source",
    "View",
    "raise_failed",
]
