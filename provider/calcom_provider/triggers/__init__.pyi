from calcom_provider.triggers.calcom import CalComConditionTrigger
from calcom_provider.triggers.changes import CalComChangeTrigger
from calcom_provider.triggers.events import CalComEventTrigger

__all__ = ["CalComChangeTrigger", "CalComConditionTrigger", "CalComEventTrigger"]
