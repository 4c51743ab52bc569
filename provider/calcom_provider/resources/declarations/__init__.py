"""The lists of the API as tables, declared as data: one module a family."""
