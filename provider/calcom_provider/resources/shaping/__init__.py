"""Rows of the API into tuples of a table."""
