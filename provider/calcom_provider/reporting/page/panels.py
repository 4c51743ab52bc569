"""Ask the warehouse for each part of the page. The database counts; only what is drawn is fetched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime

from calcom_provider.reporting.page.data import ROWS, Chart, Panel, Row, Value
from calcom_provider.reporting.page.reader import Reader, days_table

#: Teams and options that are drawn, the worst covered first.
GROUPS = 40


def sync_health(read: Reader) -> Panel:
    """Show what the syncs of each day asked for and changed."""
    key, title = "sync-health", "Sync health and request budget"
    explanation = "Requests, throttled answers and changed rows by the day a sync began (UTC)."
    if not read.has("sync_runs"):
        return Panel(key, title, explanation, missing="Nothing was synced yet: run `calcom sync` first.")
    day = "substr(CAST(r.started_at AS CHAR(40)), 1, 10)"
    # A run has a row for each table of a resource; what the resource cost is in all of them.
    rows = read.rows(
        "SELECT day, sum(requests), sum(throttled), sum(changed), sum(incomplete) FROM ("
        f"SELECT {day} AS day, r.run_id, r.resource, max(coalesce(r.requests, 0)) AS requests, "
        "max(coalesce(r.throttled, 0)) AS throttled, sum(coalesce(r.rows_inserted, 0) + "
        "coalesce(r.rows_updated, 0) + coalesce(r.rows_deleted, 0)) AS changed, "
        "max(CASE WHEN r.complete THEN 0 ELSE 1 END) AS incomplete "
        f"FROM {read.table('sync_runs')} r GROUP BY {day}, r.run_id, r.resource) d "
        "GROUP BY day ORDER BY day DESC LIMIT 180"
    )
    columns = ("Day", "Requests", "Throttled", "Rows changed", "Incomplete reads")
    return Panel(key, title, explanation, columns, rows[::-1], Chart("line", "Day", columns[1:]))


def absences(read: Reader, days: Sequence[date]) -> Panel:
    """Count the people who are out on each day."""
    key, title = "absences", "Absences"
    explanation = (
        "People with an out-of-office entry on each civil day; several entries of one person count once."
    )
    if not read.has("ooo_entries"):
        return Panel(key, title, explanation, missing="Sync the resource ooo to see absences.")
    rows = read.rows(
        f"SELECT d.day, count(DISTINCT o.user_id) FROM ({days_table(days)}) d "
        f"LEFT JOIN {read.table('ooo_entries')} o ON {_out(read, 'o')} GROUP BY d.day ORDER BY d.day"
    )
    return Panel(key, title, explanation, ("Day", "Out"), rows, Chart("calendar", "Day", ("Out",)))


def team_coverage(read: Reader, days: Sequence[date]) -> Panel:
    """Count for each team how many members are out on each of the days ahead."""
    key, title = "team-coverage", "Team coverage"
    explanation = "Share of accepted members, in percent, who are out; teams are named by their ids."
    if not read.has("ooo_entries", "team_memberships"):
        missing = "Sync the resources ooo and team_memberships to see how teams are covered."
        return Panel(key, title, explanation, missing=missing)
    members = f"{read.table('team_memberships')} m WHERE m.accepted AND {read.live('team_memberships', 'm')}"
    sizes = {
        row[0]: row[1] for row in read.rows(f"SELECT m.team_id, count(*) FROM {members} GROUP BY m.team_id")
    }
    counted = read.rows(
        f"SELECT m.team_id, d.day, count(DISTINCT m.user_id) FROM ({days_table(days)}) d "
        f"JOIN {read.table('ooo_entries')} o ON {_out(read, 'o')} "
        f"JOIN {read.table('team_memberships')} m ON m.organization_id = o.organization_id "
        f"AND m.user_id = o.user_id AND m.accepted AND {read.live('team_memberships', 'm')} "
        "GROUP BY m.team_id, d.day"
    )
    rows, cut = _shares({team: (f"Team {team}", size) for team, size in sizes.items()}, counted, days)
    columns = ("Team", "Day", "Members", "Out", "Out, %")
    return Panel(key, title, explanation, columns, rows, Chart("grid", "Day", ("Out, %",), "Team"), cut=cut)


def attribute_coverage(read: Reader, days: Sequence[date]) -> Panel:
    """Count for each option of an attribute how many holders are out; 100 % would route to nobody."""
    key, title = "attribute-coverage", "Attribute coverage"
    explanation = (
        "Share of an option's holders, in percent, who are out. At 100 a routing rule on it finds nobody. "
        "Options that nobody holds are at 100 as well."
    )
    needed = ("ooo_entries", "attributes", "attribute_options", "attribute_assignments")
    if not read.has(*needed):
        missing = (
            "Sync the resources ooo, attributes and attribute_assignments to see which rules find nobody."
        )
        return Panel(key, title, explanation, missing=missing)
    assigned = f"{read.table('attribute_assignments')} s"
    options = read.rows(
        f"SELECT p.id, a.slug, p.{read.column('value')}, count(DISTINCT s.user_id) "
        f"FROM {read.table('attribute_options')} p JOIN {read.table('attributes')} a "
        f"ON a.organization_id = p.organization_id AND a.id = p.attribute_id "
        f"LEFT JOIN {assigned} ON s.organization_id = p.organization_id AND s.option_id = p.id "
        f"AND {read.live('attribute_assignments', 's')} WHERE a.enabled "
        f"AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT') AND {read.live('attributes', 'a')} "
        f"AND {read.live('attribute_options', 'p')} GROUP BY p.id, a.slug, p.{read.column('value')}"
    )
    counted = read.rows(
        f"SELECT s.option_id, d.day, count(DISTINCT s.user_id) FROM ({days_table(days)}) d "
        f"JOIN {read.table('ooo_entries')} o ON {_out(read, 'o')} JOIN {assigned} "
        "ON s.organization_id = o.organization_id AND s.user_id = o.user_id "
        f"AND {read.live('attribute_assignments', 's')} GROUP BY s.option_id, d.day"
    )
    named: dict[Value, tuple[str, Value]] = {
        one: (f"{slug}: {value}", holders) for one, slug, value, holders in options
    }
    rows, cut = _shares(named, counted, days)
    columns = ("Option", "Day", "Holders", "Out", "Out, %")
    return Panel(key, title, explanation, columns, rows, Chart("grid", "Day", ("Out, %",), "Option"), cut=cut)


def write_back(read: Reader, people: bool) -> Panel:
    """Show the newest write-back plans: counts, or single actions with their diff when people are shown."""
    key, title = "write-back", "Write-back plans"
    explanation = "What each of the newest plans meant to change in Cal.com, why, and what became of it."
    # The ledger's tables keep their names, whatever the prefix of the others.
    if read.prefix != "calcom_" or not read.has("writeback_plans", "writeback_actions"):
        return Panel(
            key, title, explanation, missing="No plan is kept here: run `calcom hr plan` with this ledger."
        )
    head = "p.created_at, p.plan_id, p.status, a.kind, a.why, a.status"
    source = (
        f"FROM {read.table('writeback_plans')} p LEFT JOIN {read.table('writeback_actions')} a "
        "ON a.plan_id = p.plan_id"
    )
    columns: tuple[str, ...] = ("Made (UTC)", "Plan", "Plan's state", "Action", "Why", "Action's state")
    if people:
        tail = f"ORDER BY p.created_at DESC, a.{read.column('number')} LIMIT {ROWS}"
        rows = read.rows(f"SELECT {head}, a.user_id, a.code, a.content {source} {tail}")
        columns += ("User", "Code", "Before and after")
    else:
        rows = read.rows(
            f"SELECT {head}, count(a.plan_id) {source} GROUP BY {head} ORDER BY p.created_at DESC LIMIT {ROWS}"
        )
        columns += ("Actions",)
    return Panel(key, title, explanation, columns, tuple((_moment(row[0]), *row[1:]) for row in rows))


def _out(read: Reader, alias: str) -> str:
    start, end = read.column("start"), read.column("end")
    held = read.live("ooo_entries", alias)
    return f"{_text(f'{alias}.{start}')} < d.following AND {_text(f'{alias}.{end}')} >= d.day AND {held}"


def _text(moment: str) -> str:
    return f"substr(CAST({moment} AS CHAR(40)), 1, 10)"


def _shares(
    groups: dict[Value, tuple[str, Value]], counted: Sequence[Row], days: Sequence[date]
) -> tuple[tuple[Row, ...], str | None]:
    """Return a row for each group and day, and what was left out."""
    out: dict[Value, dict[str, int]] = defaultdict(dict)
    for group, on, number in counted:
        out[group][str(on)] = int(number or 0)

    def worst(group: Value) -> tuple[float, str]:
        size = int(groups[group][1] or 0)
        return -(sum(out[group].values()) / size if size else float("inf")), groups[group][0]

    shown = sorted(groups, key=worst)[:GROUPS]
    rows: list[Row] = []
    for group in shown:
        name, size = groups[group][0], int(groups[group][1] or 0)
        for day in days:
            number = out[group].get(day.isoformat(), 0)
            share = round(100 * number / size) if size else 100
            rows.append((name, day.isoformat(), size, number, share))
    cut = f"The {GROUPS} with most absences of {len(groups)} are shown." if len(groups) > GROUPS else None
    return tuple(rows), cut


def _moment(seconds: object) -> str:
    return f"{datetime.fromtimestamp(float(str(seconds)), UTC):%Y-%m-%d %H:%M}"
