"""Translate SQL for DuckDB: `python translate.py snowflake < one.sql > other.sql`, in the environment of dbt."""

from __future__ import annotations

import sys

import sqlglot
from sqlglot import exp


def meant(node: exp.Expression) -> exp.Expression:
    """Say what Snowflake means by two casts that it is read without: an array of anything, and a variant as a text."""
    if not isinstance(node, exp.Cast):
        return node
    if node.to.this == exp.DataType.Type.ARRAY and not node.to.expressions:
        return exp.cast(node.this, "JSON[]", dialect="duckdb")
    if node.is_type(*exp.DataType.TEXT_TYPES) and isinstance(node.this, exp.JSONExtract):
        return exp.JSONExtractScalar(this=node.this.this, expression=node.this.expression)
    return node


if __name__ == "__main__":
    (tree,) = sqlglot.parse(sys.stdin.read(), read=sys.argv[1], error_level=sqlglot.ErrorLevel.RAISE)
    assert tree is not None
    print(tree.transform(meant).sql("duckdb"))
