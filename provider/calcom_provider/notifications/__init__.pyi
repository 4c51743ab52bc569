from calcom_provider.notifications.calcom import CalComNotifier
from calcom_provider.notifications.state import CalComStateNotifier

__all__ = ["CalComNotifier", "CalComStateNotifier"]
