"""Check what the warehouse holds, and name failures by their keys alone."""
