from calcom_provider.hooks.calcom import CalComHook

__all__ = ["CalComHook"]
