"""Decide who may cover for whom.

Only somebody who is there on every day can cover. That alone makes circles impossible, chains included:
whoever is covered for is away on those days and so covers for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from calcom_provider.hr.errors import Issue
from calcom_provider.hr.out_of_office.days import Segment
from calcom_provider.hr.target.state import CalState, OooEntry


def choose_covers(
    segments: Mapping[int, list[Segment]],
    foreign: Mapping[int, list[OooEntry]],
    state: CalState,
    names: Mapping[str, str],
) -> tuple[dict[int, list[Segment]], list[Issue]]:
    """Drop covers that cannot cover; the absence itself is written all the same.

    :param segments: runs of days by user id.
    :param foreign: entries that are not over and are left as they are, by user id.
    :param state: what Cal.com holds.
    :param names: keys of the requests by keyed digest.
    """
    segments_by_user: dict[int, list[Segment]] = {}
    issues: list[Issue] = []
    for user_id, runs in segments.items():
        segments_by_user[user_id] = []
        for run in runs:
            why = _objection(user_id, run, segments, foreign, state) if run.cover is not None else None
            if why:
                keys = sorted(names[one] for one in run.requests if one in names)
                issues.append(Issue(why, key=" ".join(keys) or None, level="warning", user_id=user_id))
            segments_by_user[user_id].append(replace(run, cover=None) if why else run)
    return segments_by_user, issues


def _objection(
    user_id: int,
    run: Segment,
    segments: Mapping[int, list[Segment]],
    foreign: Mapping[int, list[OooEntry]],
    state: CalState,
) -> str | None:
    cover = run.cover
    if cover is None:
        return None
    if cover == user_id:
        return "cover_self"
    user = state.users.get(cover)
    if user is None or not user.accepted or not user.has_profile:
        return "cover_unavailable"
    away: Sequence[Segment | OooEntry] = [*segments.get(cover, ()), *foreign.get(cover, ())]
    if any(one.overlaps(run.start, run.end) for one in away):
        return "cover_away"
    # On a day with two entries Cal.com takes whichever it reads last: no redirect of ours beside another one.
    if any(one.to_user_id and one.overlaps(run.start, run.end) for one in foreign.get(user_id, ())):
        return "cover_beside_foreign"
    return None
