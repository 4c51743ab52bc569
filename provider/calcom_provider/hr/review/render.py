"""Turn a plan into one HTML file that carries all it needs and fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files

from calcom_provider.hr.plan.model import Plan, Verdict
from calcom_provider.hr.plan.rendering import how_to_confirm
from calcom_provider.hr.review.data import Review, page_data
from calcom_provider.hr.review.totals import absence_totals, option_totals
from calcom_provider.hr.review.words import LOWEST, amount, guard_name, plural, quarantine_words
from calcom_provider.html_page import Tab, data, document, policy

KINDS = {"attributes": "attributes", "out_of_office": "out of office", "undo": "undo"}
SHOWN_OPTIONS = 30
SEVERE = {"refused", "failed", "superseded"}


def render(review: Review, tabs: Sequence[Tab] = ()) -> str:
    """Return the page of a plan.

    Scripts and styles are named by their hashes in a content security policy, so nothing that comes with the data
    can run, and nothing is fetched.

    :param review: the plan and what is known about it.
    :param tabs: the pages that it is one of.
    """
    plan = review.plan
    title = f"Write-back plan: {KINDS[plan.kind]}"
    parts = [_totals(review), _guards(review), _people(plan), _issues(plan)]
    return document(
        title,
        f'<a class="skip" href="#people">Skip to the people</a>{_header(review, title)}'
        f"<main>{''.join(parts)}</main>{data(page_data(review))}",
        styles=[asset("plan.css")],
        scripts=[asset("plan.js")],
        tabs=tabs,
    )


def content_policy() -> str:
    """Return the content security policy of the page: its own style and script, and nothing from elsewhere."""
    return policy([asset("plan.css")], [asset("plan.js")])


@cache
def asset(name: str) -> str:
    """Return a file that comes with the package.

    :param name: its name in the folder ``assets``.
    """
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def _header(review: Review, title: str) -> str:
    plan = review.plan
    people = len({one.user_id for one in plan.actions if one.user_id is not None})
    refused = ", ".join(guard_name(name).lower() for name in plan.refusals)
    if refused:
        told = f"Refused because of: {refused}. Nothing of it was written."
    elif not plan.actions:
        told = "Nothing to write: Cal.com is as HR says."
    else:
        told = f"{plural(len(plan.actions), 'write')} for {plural(people, 'person', 'people')}, "
        told += f"about {plan.minutes:g} minutes."
    if plan.quarantine:
        told += f" Quarantine of the namespace {plan.namespace}: {quarantine_words(plan.quarantine)}."
    forgotten = (
        '<p class="note">Its values were removed after their retention: ids and codes are left.</p>'
        if review.forgotten
        else ""
    )
    severe = " bad" if review.status in SEVERE else " good" if review.status == "applied" else ""
    return (
        f'<header><div class="top"><h1>{escape(title)}</h1><button type="button" id="theme">'
        f'Dark mode</button></div><p class="lead"><span class="chip{severe}">{escape(review.status)}</span> '
        f"{escape(told)}</p>{forgotten}<dl>{_fact('Organisation', str(plan.organization_id))}"
        f"{_fact('Namespace', plan.namespace)}{_fact('Made', _when(review.made_at))}"
        f"{_fact('Source rows', f'{plan.facts.source_rows:,}')}{_fact('Plan', plan.id, code=True)}"
        f"{_fact('Hash', plan.hash, code=True)}</dl></header>"
    )


def _fact(name: str, value: str, *, code: bool = False) -> str:
    shown = f"<code>{escape(value)}</code>" if code else escape(value)
    return f"<div><dt>{name}</dt><dd>{shown}</dd></div>"


def _totals(review: Review) -> str:
    plan = review.plan
    if not plan.actions:
        return ""
    options = option_totals(plan.actions, review.names)
    most = max((one.given + one.taken + one.changed for one in options), default=1)
    rows = "".join(
        f'<tr><th scope="row"><bdi>{escape(one.attribute)}</bdi></th>'
        f"<td>{f'<bdi>{escape(one.option)}</bdi>' if one.option else '<i>values</i>'}</td>"
        f"{_count(one.given)}{_count(one.taken)}{_count(one.changed)}"
        f'<td class="wide">{_bar(one.given, one.taken, one.changed, most)}</td></tr>'
        for one in options[:SHOWN_OPTIONS]
    )
    more = (
        f'<p class="note">... and {len(options) - SHOWN_OPTIONS} more options.</p>'
        if len(options) > SHOWN_OPTIONS
        else ""
    )
    table = (
        '<div class="scroll"><table><thead><tr><th scope="col">Attribute</th><th scope="col">Option</th>'
        '<th scope="col" class="n">Given</th><th scope="col" class="n">Taken back</th>'
        '<th scope="col" class="n">Changed</th><td class="wide"></td></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
        if options
        else ""
    )
    return (
        '<section aria-labelledby="changes"><h2 id="changes">What would change</h2>'
        f"{table}{_absences(plan)}</section>"
    )


def _absences(plan: Plan) -> str:
    found = absence_totals(plan.actions)
    if not found:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(one.why)}</th>{_count(one.entries)}{_count(one.people)}'
        f"{_count(one.days_added)}{_count(one.days_removed)}</tr>"
        for one in found
    )
    return (
        '<div class="scroll"><table><thead><tr><th scope="col">Absences</th><th scope="col" class="n">Entries</th>'
        '<th scope="col" class="n">People</th><th scope="col" class="n">Days more</th>'
        f'<th scope="col" class="n">Days less</th></tr></thead><tbody>{rows}</tbody></table></div>'
        '<h3>People newly out, day by day</h3><div id="out" role="img" aria-label="People newly out on each day"></div>'
    )


def _count(count: int) -> str:
    return f'<td class="n">{count:,}</td>' if count else '<td class="n">·</td>'


def _bar(given: int, taken: int, changed: int, most: int) -> str:
    # Widths as attributes of a drawing: the policy allows no styles in the markup.
    parts, left = "", 0.0
    for name, count in (("add", given), ("cut", taken), ("alter", changed)):
        width = count / most * 100
        parts += f'<rect class="{name}" x="{left:.2f}" width="{width:.2f}" height="10"/>' if count else ""
        left += width
    return (
        f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{parts}</svg>'
    )


def _guards(review: Review) -> str:
    plan = review.plan
    if not plan.verdicts:
        return ""
    # Those that refuse first, then those that somebody overrode, then the nearest to their limit.
    ordered = sorted(plan.verdicts, key=lambda one: (one.allowed, not one.overridden, -_share(one)))
    gauges = "".join(_gauge(one, review) for one in ordered)
    confirm = f'<p class="how">{escape(how_to_confirm(plan))}</p>' if plan.refusals else ""
    given = "".join(
        f"<li>{escape(str(one.get('by', '')))}, {_when(datetime.fromtimestamp(float(one.get('at', 0)), UTC))}: "
        f"{escape(', '.join(guard_name(each['guard']).lower() for each in one.get('guards', ())))}</li>"
        for one in review.confirmations
    )
    confirmed = f"<h3>Confirmed by</h3><ul>{given}</ul>" if given else ""
    return (
        '<section aria-labelledby="guards"><h2 id="guards">Guards</h2><p>Each judges the whole plan. The mark is the '
        f'limit.</p><ul class="gauges">{gauges}</ul>{confirm}{confirmed}</section>'
    )


def _share(verdict: Verdict) -> float:
    """Return how much of what a guard allows is used; 1 is the limit itself."""
    if verdict.limit is None:
        return 0.0
    if verdict.guard in LOWEST:
        return verdict.limit / verdict.observed if verdict.observed else 2.0
    return verdict.observed / verdict.limit if verdict.limit else (2.0 if verdict.observed else 0.0)


def _gauge(verdict: Verdict, review: Review) -> str:
    state = "refused" if not verdict.allowed else "overridden" if verdict.overridden else "passes"
    limit, counted = verdict.limit or 0.0, verdict.observed
    scale = 1.0 if verdict.guard in LOWEST else max(limit * 1.25, counted, 1e-9)
    tick = min(limit / scale, 1) * 100
    subject = f" <bdi>({escape(review.names.attribute(verdict.subject))})</bdi>" if verdict.subject else ""
    bound = "at least" if verdict.guard in LOWEST else "at most"
    told = f"{amount(verdict.guard, counted)} counted, {bound} {amount(verdict.guard, verdict.limit)}"
    return (
        f'<li class="{state}"><div><span class="name">{escape(guard_name(verdict.guard))}{subject}</span>'
        f'<span class="state">{state}</span></div><svg viewBox="0 0 100 10" preserveAspectRatio="none" '
        f'aria-hidden="true"><rect class="back" width="100" height="10"/>'
        f'<rect class="fill" width="{min(counted / scale, 1) * 100:.2f}" height="10"/>'
        f'<rect class="tick" x="{max(tick - 0.6, 0):.2f}" width="1.2" height="10"/></svg>'
        f'<span class="told">{escape(told)} <code>{escape(verdict.guard)}</code></span></li>'
    )


def _people(plan: Plan) -> str:
    buckets = "".join(
        f"<li><b>{count:,}</b> {escape(bucket.replace('_', ' '))}</li>"
        for bucket, count in plan.facts.people.items()
    )
    counts = (
        f'<ul class="buckets" aria-label="People by how they were matched">{buckets}</ul>' if buckets else ""
    )
    if not plan.actions:
        return (
            f'<section aria-labelledby="people"><h2 id="people" tabindex="-1">People</h2>{counts}'
            '<p class="empty">Nobody changes.</p></section>'
        )
    return (
        '<section aria-labelledby="people"><h2 id="people" tabindex="-1">People</h2>'
        f'{counts}<div class="tools"><label>Search<input type="search" id="search" placeholder="Name, id, value, day" '
        'autocomplete="off"></label><label>Reason<select id="why"></select></label>'
        '<label>Department<select id="dept"></select></label><label>State<select id="state"></select></label>'
        '<label>Grouped by<select id="group"><option value="dept">department</option>'
        '<option value="why">reason</option><option value="">nothing</option></select></label></div>'
        '<p id="count" role="status"></p><div class="legend" id="legend"></div><div id="list"></div>'
        "<noscript><p>This list needs scripts; the plan is also shown by <code>calcom hr show</code>.</p></noscript>"
        "</section>"
    )


def _issues(plan: Plan) -> str:
    body = (
        '<div id="issues"></div>'
        if plan.issues
        else '<p class="empty">Every row was understood and is written, or is so already.</p>'
    )
    return (
        '<section aria-labelledby="unwritten"><h2 id="unwritten">Rows that are not written</h2>'
        f"<p>{plural(len(plan.issues), 'row')} reported, with the reason and how to mend it.</p>{body}</section>"
    )


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
