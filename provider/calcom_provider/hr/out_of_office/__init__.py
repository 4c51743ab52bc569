"""Absences: the days that HR wants, compared with the entries that are there."""
