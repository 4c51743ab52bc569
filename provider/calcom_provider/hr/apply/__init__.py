"""Carry out, resume and undo plans."""
