"""The commands that work on the tables themselves."""
