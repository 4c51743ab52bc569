"""Define the numbers of the reports once: the page explains them with these words, and the documentation shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """Define a number.

    :param name: what the field calls it.
    :param formula: how it is counted, in sentences.
    :param trap: what it does not tell, or how it is misread.
    """

    name: str
    formula: str
    trap: str


METRICS: dict[str, Metric] = {
    "bookings": Metric(
        "Bookings",
        "Bookings with the status `accepted` that were not moved to another one, in the week in which they begin by "
        "the clocks of their first host.",
        "A booking that was moved counts once, as the one that it was moved to. A booking with several hosts counts "
        "once. Pending ones are not in it. Bookings of a team are those of its event types; those of a value of an "
        "attribute are the ones whose first host has the value now.",
    ),
    "cancellation-rate": Metric(
        "Cancellation rate",
        "Cancelled bookings ÷ (bookings + cancelled bookings), by the week in which they were to begin.",
        "Rejected and moved bookings are in neither part. Recent weeks ahead of their meetings look better than "
        "they will be: what is not over can still be cancelled.",
    ),
    "reschedule-rate": Metric(
        "Reschedule rate",
        "Moved bookings ÷ (bookings + cancelled bookings + moved bookings), by the week of the original time.",
        "Somebody who moves a booking twice counts twice. A cancellation followed by a new booking is not seen as a "
        "move.",
    ),
    "no-show-rate": Metric(
        "No-show rate",
        "Bookings that are over and from which somebody was marked as absent ÷ bookings that are over; of guests "
        "and of hosts apart.",
        "Cal.com infers nothing: a rate of 0 may mean that nobody marks. One absent guest of several makes the "
        "booking a no-show.",
    ),
    "lead-time": Metric(
        "Lead time",
        "Start − time at which the booking was made, of bookings as above. The median is the class that the middle "
        "booking falls into.",
        "A booking that was moved was made anew, so its lead time is that of the move. A mean is drawn up by a few "
        "bookings far ahead; that is why the median is shown.",
    ),
    "utilisation": Metric(
        "Utilisation",
        "Booked minutes ÷ bookable minutes, sums over hosts and weeks, not a mean of percentages. Bookable are the "
        "working minutes of default schedules less those of days on which the host is out. Hosts are people with a "
        "booking in the 26 weeks that are read.",
        "Busy time in connected calendars is not known: a host with a low number may still have had no free slot. A "
        "booking outside of working hours counts as booked, so it can exceed 100 %.",
    ),
    "fairness": Metric(
        "Fairness of round robin (Gini coefficient)",
        "Half the mean difference between the bookings of two hosts, divided by the mean: 0 when all hosts got the "
        "same, towards 1 when one got all.",
        "Weights, priorities, absences and different working hours are good reasons for a difference. Few bookings "
        "look unfair by chance: three among five hosts give 0.4 at best. A host without any counts only where the "
        "hosts of the event type were synced.",
    ),
    "routing-funnel": Metric(
        "Routing: booking rate and held rate",
        "Answers that led to a booking ÷ answers; answers whose booking took place ÷ answers. Held means over, "
        "accepted, and nobody marked as absent.",
        "Answers of the last days may still lead to a booking, and bookings ahead are not held yet. A booking that "
        "was moved counts as booked, not as held.",
    ),
    "out": Metric(
        "Out",
        "People with an out-of-office entry on a civil day on which their default schedule has working hours; several "
        "entries of one person count once.",
        "Without schedules everybody counts as working on every day. Vacation that is only in a calendar is not known.",
    ),
    "coverage": Metric(
        "Coverage",
        "People who would work and are not out ÷ people who would work, of the accepted members of a team or the "
        "holders of a value.",
        "Somebody who does not work on a day counts neither as there nor as missing. Being there is not the same as "
        "having a free slot.",
    ),
    "minimum": Metric(
        "Below the minimum",
        "Fewer people there than the setting of the team, on a day on which somebody would work.",
        "A team without a setting is never below it.",
    ),
    "uncovered": Metric(
        "Routing finds nobody",
        "Everybody who has the value and would work on the day is out.",
        "A day on which no holder works is not meant, nor a value that nobody holds: the latter is listed apart. "
        "Whether a routing form uses the value is not known.",
    ),
    "conflict": Metric(
        "Booking with an absent host",
        "A booking that stands, on a day on which one of its hosts is out, by the host's time zone.",
        "Half a day off is a whole day in Cal.com. Somebody who stands in may have taken the booking over outside "
        "of Cal.com.",
    ),
    "headcount": Metric(
        "Members",
        "Accepted members of the organisation at the end of a day, in UTC.",
        "A version begins with the sync that first saw it: before the first sync there is no history, and a change "
        "between two syncs counts from the later one.",
    ),
    "freshness": Metric(
        "Freshness",
        "Hours since the newest successful read of a table began.",
        "A read that found nothing new is fresh. A table that is no longer synced becomes stale for ever.",
    ),
    "request-budget": Metric(
        "Request budget",
        "Requests of a day, answers that asked to slow down, and seconds waited for the limit.",
        "Other users of the same key spend from the same limit and are not counted.",
    ),
}
