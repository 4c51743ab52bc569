from calcom_provider.sensors.calcom import CalComBookingSensor, CalComOutOfOfficeSensor

__all__ = ["CalComBookingSensor", "CalComOutOfOfficeSensor"]
