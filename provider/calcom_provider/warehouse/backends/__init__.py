"""One module a database, and everything that depends on it."""
