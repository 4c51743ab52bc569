"""Databases as releases left them, to be brought forward.

Each release adds a folder of its own under ``tests/fixtures/releases``, two dumps for each database: two loads of a
table that merges and of one with versions (``model.py`` of the warehouse tests), and write-backs of two namespaces; and
``synced``, two syncs of a sandbox, with what its API answered last. The code of the release made them; a dump is never
edited.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "releases"
RELEASES = sorted(folder.name for folder in FOLDER.iterdir())
ORGANIZATION = 901
"""The organisation of the write-backs: six people, the attributes Team and Centre."""


def restore(release: str, url: str, part: str = "") -> None:
    """Fill an empty database with what a release left in one of its kind."""
    kind = url.partition(":")[0].partition("+")[0]
    script = (FOLDER / release / f"{part}{kind}.sql").read_text("utf-8")
    if kind == "duckdb":
        import duckdb

        with duckdb.connect(url.removeprefix("duckdb:///")) as opened:
            opened.execute(script)
        return
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        if kind == "sqlite":
            cursor.executescript(script)  # type: ignore[attr-defined]
        elif kind == "postgresql":
            cursor.execute(script)
        else:
            for statement in script.split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
        raw.commit()
    finally:
        raw.close()
