"""Stage rows, compare them with the tables, and publish all of them at once."""
