"""docs/warehouse.rst: «No column is named like a reserved word»."""

from __future__ import annotations

import duckdb
from sqlalchemy.dialects.mysql import reserved_words
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS
from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer

from calcom_provider.reporting.fixed_tables.calendar import CALENDAR
from calcom_provider.reporting.fixed_tables.minimums import TEAM_MINIMUMS
from calcom_provider.reporting.fixed_tables.references import TABLE_REFERENCES
from calcom_provider.reporting.fixed_tables.time_zones import TZ_OFFSETS
from calcom_provider.reporting.views import VIEWS
from calcom_provider.resources.registry import tables
from calcom_provider.warehouse.bookkeeping import migrations

# As the makers' manuals list them
SNOWFLAKE = """
account all alter and any as between by case cast check column connect connection constraint create cross
current current_date current_time current_timestamp current_user database delete distinct drop else exists
false following for from full grant group gscluster having ilike in increment inner insert intersect into is
issue join lateral left like localtime localtimestamp minus natural not null of on or order organization
qualify regexp revoke right rlike row rows sample schema select set some start table tablesample then to
trigger true try_cast union unique update using values view when whenever where with
"""
BIGQUERY = """
all and any array as asc assert_rows_modified at between by case cast collate contains create cross cube
current default define desc distinct else end enum escape except exclude exists extract false fetch following
for from full group grouping groups hash having if ignore in inner intersect interval into is join lateral
left like limit lookup merge natural new no not null nulls of on or order outer over partition preceding proto
qualify range recursive respect right rollup rows select set some struct tablesample then to treat true
unbounded union unnest using when where window with within
"""
SQL_SERVER = """
add all alter and any as asc authorization backup begin between break browse bulk by cascade case check
checkpoint close clustered coalesce collate column commit compute constraint contains containstable continue
convert create cross current current_date current_time current_timestamp current_user cursor database dbcc
deallocate declare default delete deny desc disk distinct distributed double drop dump else end errlvl escape
except exec execute exists exit external fetch file fillfactor for foreign freetext freetexttable from full
function goto grant group having holdlock identity identity_insert identitycol if in index inner insert
intersect into is join key kill left like lineno load merge national nocheck nonclustered not null nullif of
off offsets on open option or order outer over percent pivot plan precision primary print proc procedure
public raiserror read readtext reconfigure references replication restore restrict return revert revoke right
rollback rowcount rowguidcol rule save schema select session_user set setuser shutdown some statistics
system_user table tablesample textsize then to top tran transaction trigger truncate tsequal union unique
unpivot update updatetext use user values varying view waitfor when where while with within writetext
"""
# SQLAlchemy quotes these as well; the servers take them as they are.
TAKEN = {"position", "role"}


def reserved() -> set[str]:
    found = {*SNOWFLAKE.split(), *BIGQUERY.split(), *SQL_SERVER.split(), *RESERVED_WORDS}
    found |= reserved_words.RESERVED_WORDS_MYSQL | reserved_words.RESERVED_WORDS_MARIADB
    found |= set(SQLiteIdentifierPreparer.reserved_words)
    asked = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    with duckdb.connect() as connection:
        found |= {name for (name,) in connection.execute(asked).fetchall()}
    return found - TAKEN


def test_no_table_or_column_has_a_reserved_word_as_its_name() -> None:
    words = reserved()
    assert {"start", "end", "contains"} <= words
    own = [value for name, value in vars(migrations).items() if name.endswith(("_V1", "_V2", "_V3", "_V4"))]
    assert len(own) == 9
    names = {column.name for columns in own for column in columns}
    for table in (*tables().values(), CALENDAR, TABLE_REFERENCES, TEAM_MINIMUMS, TZ_OFFSETS):
        names |= {table.name, *table.names}
    for view in VIEWS:
        names |= {view.name, *view.columns}
    assert {name.lower() for name in names} & words == set()
