"""Attributes: what HR wants of them, compared with what is assigned."""
