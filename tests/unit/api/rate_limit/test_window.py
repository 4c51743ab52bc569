"""The arithmetic of a window, rule by rule, on moments that the test names."""

from __future__ import annotations

from dataclasses import replace

from calcom_provider.api.rate_limit.headers import Figure
from calcom_provider.api.rate_limit.window import SOON, Bucket, Grant, Limit, Wait


def answered(bucket: Bucket, sent_at: float, now: float, figure: Figure, *, opener: bool = False) -> Limit:
    bucket.answered(Grant("this", sent_at, opener), now, {"default": figure}, None)
    return bucket.limits["default"]


def test_a_new_window_counts_what_was_sent_after_its_first_request_and_nothing_before() -> None:
    bucket = Bucket(flights={"before": [5.0, 100.0, "me", 0.0], "after": [11.0, 100.0, "me", 0.0]})
    assert answered(bucket, 10.0, 10.2, Figure(20, 19, 60.0)).sent == 2


def test_the_reset_of_a_windows_first_request_is_its_length() -> None:
    bucket = Bucket(limits={"default": Limit(20, 60.0, ends=5.0)})
    assert answered(bucket, 10.0, 10.2, Figure(20, 19, 7.0)).length == 7.0
    # Of a window that others opened only the rest is stated.
    bucket = Bucket(limits={"default": Limit(20, 60.0, ends=5.0)})
    assert answered(bucket, 10.0, 10.2, Figure(20, 12, 7.0)).length == 60.0


def test_an_assumed_window_is_corrected_by_what_is_stated() -> None:
    bucket = Bucket(limits={"default": Limit(20, 60.0, sent=1, opened=10.0, ends=70.0, assumed=True)})
    known = answered(bucket, 10.0, 10.2, Figure(5, 4, 1.5))
    assert (known.limit, known.length, known.counted, known.assumed) == (5, 1.5, 1, False)
    assert (known.ends, known.floor) == (11.7, 10.5)


def test_an_answer_without_its_reset_leaves_the_end_as_it_was() -> None:
    bucket = Bucket(limits={"default": Limit(20, 30.0, sent=2, opened=10.0, ends=40.0, floor=39.0)})
    known = answered(bucket, 10.5, 10.7, Figure(20, 18, None))
    assert (known.ends, known.counted) == (40.0, 2)
    # Nothing is known yet: a minute is the longest that it can be.
    assert answered(Bucket(), 10.0, 10.2, Figure(20, 19, None)).ends == 70.2


def test_an_answer_of_a_later_window_opens_it() -> None:
    bucket = Bucket(limits={"default": Limit(20, 5.0, sent=9, counted=9, opened=10.0, ends=15.0, floor=14.0)})
    known = answered(bucket, 16.0, 16.2, Figure(20, 19, 5.0))
    assert (known.sent, known.counted, known.opened) == (1, 1, 16.0)
    # So does the answer of a request that was sent to open it, although what it states ends no later.
    bucket = Bucket(limits={"default": Limit(20, 5.0, sent=9, counted=9, opened=10.0, ends=15.0, floor=14.0)})
    assert answered(bucket, 15.0, 15.2, Figure(20, 19, 0.5), opener=True).sent == 1


def test_a_late_answer_gives_no_budget_back() -> None:
    bucket = Bucket(
        limits={"default": Limit(20, 60.0, sent=9, counted=9, opened=10.0, ends=70.0, floor=69.0)}
    )
    assert answered(bucket, 10.5, 11.0, Figure(20, 17, 60.0)).counted == 9


def test_moments_move_together_and_a_request_that_is_on_its_way_stays_so() -> None:
    bucket = Bucket(
        limits={"default": Limit(20, 60.0, opened=10.0, ends=70.0, floor=69.0)},
        blocked_until=12.0,
        flights={"lost": [10.0, 40.0, "me", 11.0], "under way": [10.0, 40.0, "me", 0.0]},
        written=11.0,
    )
    bucket.shift(-100.0)
    assert bucket.flights == {"lost": [-90.0, -60.0, "me", -89.0], "under way": [-90.0, -60.0, "me", 0.0]}
    limit = bucket.limits["default"]
    assert (limit.opened, limit.ends, limit.floor) == (-90.0, -30.0, -31.0)
    assert (bucket.blocked_until, bucket.written) == (-88.0, -89.0)


def test_a_clock_a_second_ahead_is_believed_and_one_further_ahead_is_not() -> None:
    for written, believed in ((11.0, 500.0), (11.5, 70.0)):
        bucket = Bucket(limits={"default": Limit(20, 60.0)}, blocked_until=500.0, written=written)
        bucket.clamp(10.0)
        assert bucket.blocked_until == believed


def test_what_was_stored_comes_back() -> None:
    bucket = Bucket(flights={"one": [10.0, 40.0, "me", 11.0]}, limits={"default": Limit(20, 60.0)})
    assert Bucket.from_data(bucket.to_data()) == bucket


def test_nothing_is_counted_only_where_answers_state_nothing_and_nothing_is_assumed() -> None:
    assert not Bucket().is_free(None), "no answer yet"
    assert Bucket(unstated=1).is_free(None)
    assert not Bucket(unstated=1).is_free((20, 60.0))
    assert not Bucket(unstated=1, limits={"default": Limit(20, 60.0)}).is_free(None)
    assert Bucket(unstated=1, limits={"default": Limit(20, 60.0, assumed=True)}).is_free(None)


def test_the_last_request_of_a_window_is_sent_and_the_next_waits_for_its_end() -> None:
    bucket = Bucket(limits={"default": Limit(2, 60.0, sent=1, counted=1, opened=10.0, ends=70.0, floor=69.0)})
    assert isinstance(bucket.ask(11.0, "a", 30.0, "me", None), Grant)
    bucket.answered(Grant("a", 11.0, False), 11.2, {"default": Figure(2, 0, 59.0)}, None)
    assert bucket.ask(12.0, "b", 30.0, "me", None) == Wait(70.0 - 12.0 + bucket.slack, "limit")


def test_a_limit_that_was_overstepped_unseen_is_not_counted_on() -> None:
    over = Limit(2, 60.0, opened=10.0, ends=70.0, floor=69.0, over=True)
    spent = Limit(2, 60.0, sent=2, counted=2, opened=10.0, ends=70.0, floor=69.0)
    bucket = Bucket(limits={"over": over, "spent": spent})
    assert bucket.ask(12.0, "a", 30.0, "me", None) == Wait(70.0 - 12.0 + bucket.slack, "limit")
    # Where all were, they are what there is.
    alone = Bucket(limits={"over": replace(over)})
    assert alone.ask(12.0, "a", 30.0, "me", None) == Grant("a", 12.0, False)


def test_an_answer_is_waited_for_only_where_it_may_leave_something() -> None:
    flights = {"one": [11.0, 41.0, "me", 0.0]}
    unclear = Limit(2, 60.0, sent=1, counted=1, opened=10.0, ends=70.0, floor=69.0)
    bucket = Bucket(limits={"default": unclear}, flights=dict(flights))
    assert bucket.ask(12.0, "a", 30.0, "me", None) == Wait(SOON, "in flight")
    for spent in ({"sent": 2, "counted": 1}, {"sent": 1, "counted": 2}):
        bucket = Bucket(limits={"default": replace(unclear, **spent)}, flights=dict(flights))
        assert bucket.ask(12.0, "a", 30.0, "me", None) == Wait(70.0 - 12.0 + bucket.slack, "limit")


def test_of_a_clock_that_was_set_back_a_minute_is_believed_where_no_window_is_known() -> None:
    bucket = Bucket(blocked_until=500.0, written=20.0)
    bucket.clamp(10.0)
    assert bucket.blocked_until == 70.0


def test_a_clock_may_begin_anywhere() -> None:
    """That of a machine that has just started shows the moments that later ones show, and nothing else differs."""
    found = []
    for origin in (0.0, 1000.0):
        bucket = Bucket(limits={"default": Limit(3, 0.5, sent=3, counted=3, opened=-9.0, ends=-1.0)})
        bucket.limits["default"].ends += origin
        grant = bucket.ask(origin + 0.125, "a", 30.0, "me", None)
        assert isinstance(grant, Grant)
        bucket.answered(grant, origin + 0.25, {}, None)
        other = bucket.ask(origin + 0.25, "b", 30.0, "me", None)
        assert isinstance(other, Grant)
        bucket.answered(other, origin + 0.375, {"default": Figure(3, 0, 0.25)}, None)
        limit = bucket.limits["default"]
        found.append((grant.opener, other.opener, limit.counted, limit.ends - origin))
    assert found[0] == found[1] == (True, False, 3, 0.625)


def test_a_block_is_waited_out_with_the_slack_and_no_longer() -> None:
    bucket = Bucket(limits={"default": Limit(2, 60.0, opened=0.0, ends=70.0)}, blocked_until=20.0, slack=1.5)
    assert bucket.ask(19.0, "a", 30.0, "me", None) == Wait(2.5, "block")
    assert isinstance(bucket.ask(20.0, "a", 30.0, "me", None), Grant)


def test_a_request_without_an_answer_is_counted_until_a_later_one_is_answered() -> None:
    bucket = Bucket(limits={"default": Limit(3, 60.0, opened=10.0, ends=70.0, floor=69.0)})
    for id_ in ("lost", "other"):
        bucket.ask(11.0, id_, 30.0, "me", None)
    bucket.lost(Grant("lost", 11.0, True), 12.0)
    bucket.lost(Grant("unknown", 11.0, False), 12.0)
    assert {id_: flight[3] for id_, flight in bucket.flights.items()} == {"lost": 12.0, "other": 0.0}
    limit = bucket.limits["default"]
    assert bucket.in_flight(limit) == 2
    # One that was sent before it was given up says nothing of it.
    bucket.answered(Grant("other", 11.0, False), 13.0, {"default": Figure(3, 2, 57.0)}, None)
    assert bucket.in_flight(limit) == 1
    bucket.answered(Grant("next", 12.0, False), 13.0, {"default": Figure(3, 1, 57.0)}, None)
    assert bucket.in_flight(limit) == 0


def test_requests_that_ended_or_lie_ahead_are_none_under_way() -> None:
    flights = {
        "ended": [1.0, 10.0, "me", 0.0],
        "ahead": [11.5, 40.0, "me", 0.0],
        "under way": [11.0, 10.5, "me", 0.0],
    }
    bucket = Bucket(flights=flights, opening="ahead")
    bucket.clamp(10.0)
    assert (set(bucket.flights), bucket.opening) == ({"under way"}, "")


def test_of_several_limits_one_that_is_used_up_at_once_was_overstepped_unless_it_takes_but_one() -> None:
    for size, over in ((1, False), (2, True)):
        bucket = Bucket()
        stated = {"small": Figure(size, 0, 60.0), "large": Figure(100, 50, 60.0)}
        bucket.answered(Grant("this", 10.0, False), 10.2, stated, None)
        assert {name: limit.over for name, limit in bucket.limits.items()} == {"small": over, "large": False}
