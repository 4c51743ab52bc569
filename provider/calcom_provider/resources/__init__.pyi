from calcom_provider.resources.model import Child, Read, Resource, Windows
from calcom_provider.resources.registry import DEFAULT, catalogue, get, select

__all__ = ["DEFAULT", "Child", "Read", "Resource", "Windows", "catalogue", "get", "select"]
