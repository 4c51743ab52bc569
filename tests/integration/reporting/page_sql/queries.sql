-- measures
SELECT
    way, member, monday,
    SUM(CASE WHEN outcome = 'accepted' THEN 1 ELSE 0 END),
    SUM(CASE WHEN outcome = 'cancelled' THEN 1 ELSE 0 END),
    SUM(CASE WHEN outcome = 'rescheduled' THEN 1 ELSE 0 END),
    SUM(CASE WHEN outcome = 'rejected' THEN 1 ELSE 0 END),
    SUM(CASE WHEN outcome = 'pending' THEN 1 ELSE 0 END),
    SUM(CASE WHEN outcome = 'accepted' THEN is_over ELSE 0 END),
    SUM(CASE WHEN outcome = 'accepted' THEN is_over * guest_absent ELSE 0 END),
    SUM(CASE WHEN outcome = 'accepted' THEN is_over * host_absent ELSE 0 END),
    SUM(CASE WHEN outcome = 'accepted' THEN lead ELSE 0 END),
    SUM(CASE WHEN outcome = 'accepted' THEN 1 ELSE 0 END)
FROM truth_counted
GROUP BY way, member, monday;

-- leads
SELECT
    way, member, monday,
    CASE
        WHEN lead < 2 * 60 THEN 'under 2 hours'
        WHEN lead < 24 * 60 THEN '2 to 24 hours'
        WHEN lead < 2 * 24 * 60 THEN '1 day'
        WHEN lead < 3 * 24 * 60 THEN '2 days'
        WHEN lead < 7 * 24 * 60 THEN '3 to 6 days'
        WHEN lead < 14 * 24 * 60 THEN '1 week'
        WHEN lead < 21 * 24 * 60 THEN '2 weeks'
        WHEN lead < 28 * 24 * 60 THEN '3 weeks'
        ELSE '4 weeks and more'
    END AS class,
    COUNT(*)
FROM truth_counted
WHERE outcome = 'accepted'
GROUP BY way, member, monday, class;

-- hours
SELECT
    way, member,
    CASE WHEN monday > on(2027-03-22) - 4 * 7 THEN 4 WHEN monday > on(2027-03-22) - 13 * 7 THEN 13 ELSE 26 END AS weeks,
    slot,
    COUNT(*)
FROM truth_counted
WHERE outcome = 'accepted' AND monday <= on(2027-03-22)
GROUP BY way, member, weeks, slot;

-- figures
SELECT way, member, weeks, back, accepted, share(cancelled, (accepted + cancelled)), share(absent, over_now)
FROM (
    SELECT
        c.way, c.member, s.weeks, s.back,
        SUM(CASE WHEN c.outcome = 'accepted' THEN 1 ELSE 0 END) AS accepted,
        SUM(CASE WHEN c.outcome = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
        SUM(CASE WHEN c.outcome = 'accepted' THEN c.is_over ELSE 0 END) AS over_now,
        SUM(CASE WHEN c.outcome = 'accepted' THEN c.is_over * c.guest_absent ELSE 0 END) AS absent
    FROM truth_chosen c
    JOIN truth_span s ON c.monday BETWEEN s.begins AND s.ends
    GROUP BY c.way, c.member, s.weeks, s.back
) sums;

-- median lead
SELECT way, member, weeks, back, lead
FROM (
    SELECT
        c.way, c.member, s.weeks, s.back, c.lead,
        ROW_NUMBER() OVER (PARTITION BY c.way, c.member, s.weeks, s.back ORDER BY c.lead) AS place,
        COUNT(*) OVER (PARTITION BY c.way, c.member, s.weeks, s.back) AS bookings
    FROM truth_chosen c
    JOIN truth_span s ON c.monday BETWEEN s.begins AND s.ends
    WHERE c.outcome = 'accepted'
) ordered
WHERE place = div(bookings + 1, 2);

-- utilisation
SELECT way, member, weeks, back, share(booked, bookable)
FROM (
    SELECT g.way, g.member, s.weeks, s.back, SUM(l.booked) AS booked, SUM(l.bookable) AS bookable
    FROM truth_load l
    JOIN truth_group g ON g.user_id = l.user_id
    JOIN truth_span s ON l.monday BETWEEN s.begins AND s.ends
    GROUP BY g.way, g.member, s.weeks, s.back
) sums;

-- load
SELECT g.way, g.member, l.monday, SUM(l.bookable), SUM(l.booked), share(SUM(l.booked), SUM(l.bookable))
FROM truth_load l
JOIN truth_group g ON g.user_id = l.user_id
GROUP BY g.way, g.member, l.monday;

-- busiest
SELECT user_id, SUM(bookings), SUM(booked), SUM(bookable)
FROM truth_load
WHERE monday BETWEEN on(2027-03-22) - 3 * 7 AND on(2027-03-22)
GROUP BY user_id
HAVING SUM(booked) > 0
ORDER BY SUM(booked) DESC, user_id
LIMIT 30;

-- fairness
SELECT s.weeks, s.kind, s.hosts, s.bookings, s.least, m.middle, s.most, p.differences * 1.0 / (2 * s.hosts * s.bookings)
FROM (
    SELECT weeks, kind, COUNT(*) AS hosts, SUM(number) AS bookings, MIN(number) AS least, MAX(number) AS most
    FROM truth_dealt
    GROUP BY weeks, kind
    HAVING SUM(number) > 0
) s
JOIN (
    SELECT weeks, kind, AVG(number * 1.0) AS middle
    FROM (
        SELECT
            weeks, kind, number,
            ROW_NUMBER() OVER (PARTITION BY weeks, kind ORDER BY number) AS place,
            COUNT(*) OVER (PARTITION BY weeks, kind) AS hosts
        FROM truth_dealt
    ) ordered
    WHERE 2 * place BETWEEN hosts AND hosts + 2
    GROUP BY weeks, kind
) m ON m.weeks = s.weeks AND m.kind = s.kind
JOIN (
    -- By the definition of the Gini coefficient: each host beside each.
    SELECT one.weeks, one.kind, SUM(ABS(one.number - other.number)) AS differences
    FROM truth_dealt one
    JOIN truth_dealt other ON other.weeks = one.weeks AND other.kind = one.kind
    GROUP BY one.weeks, one.kind
) p ON p.weeks = s.weeks AND p.kind = s.kind;

-- routing
SELECT div(seconds(r.created_at), 86400) - (div(seconds(r.created_at), 86400) + 3) % 7 AS monday, f.name,
    CASE
        WHEN r.routed_to_booking_uid IS NULL THEN 'no_booking'
        WHEN b.id IS NULL THEN 'booking_not_synced'
        WHEN b.rescheduled_to_uid IS NOT NULL THEN 'rescheduled'
        WHEN b.status IN ('cancelled', 'rejected') THEN b.status
        WHEN b.status <> 'accepted' THEN 'pending'
        WHEN b.absent_host IS TRUE THEN 'no_show_host'
        WHEN b.id IN (SELECT booking_id FROM calcom_booking_attendees WHERE absent IS TRUE) THEN 'no_show_guest'
        WHEN seconds(COALESCE(b.end_at, b.start_at)) > :clock THEN 'upcoming'
        ELSE 'held'
    END AS outcome,
    COUNT(*)
FROM calcom_routing_form_responses r
JOIN calcom_routing_forms f ON f.id = r.form_id
LEFT JOIN calcom_bookings b ON b.uid = r.routed_to_booking_uid
WHERE seconds(r.created_at) >= at(2026-09-28 00:00) AND seconds(r.created_at) < at(2027-03-29 00:00)
GROUP BY monday, f.name, outcome;

-- growth
SELECT 'all', '', day, COUNT(*) FROM truth_member_day GROUP BY day
UNION ALL
SELECT 'values', option_id, day, COUNT(*) FROM truth_holder_day GROUP BY option_id, day;

-- absences
SELECT 'all', '', day, COUNT(*) FROM truth_out GROUP BY day
UNION ALL
SELECT 'teams', team, day, COUNT(*) FROM truth_team_out GROUP BY team, day
UNION ALL
SELECT 'values', option_id, day, COUNT(*) FROM truth_value_out GROUP BY option_id, day;

-- team coverage
SELECT s.team, s.day, s.scheduled, s.away, n.minimum,
    CASE WHEN s.scheduled > 0 AND s.scheduled - s.away < n.minimum THEN 1 ELSE 0 END
FROM (
    SELECT m.team, w.day, COUNT(*) AS scheduled, SUM(CASE WHEN o.user_id IS NULL THEN 0 ELSE 1 END) AS away
    FROM truth_team_member m
    JOIN truth_work w ON w.user_id = m.user_id AND w.minutes > 0
    LEFT JOIN truth_out o ON o.user_id = m.user_id AND o.day = w.day
    WHERE w.day BETWEEN on(2027-03-27) AND on(2027-04-23)
    GROUP BY m.team, w.day
) s
JOIN calcom_teams t ON t.name = s.team
LEFT JOIN calcom_team_minimums n ON n.team_id = t.id;

-- attribute coverage
SELECT h.option_id, h.day, COUNT(*), SUM(CASE WHEN o.user_id IS NULL THEN 0 ELSE 1 END),
    CASE WHEN COUNT(*) = SUM(CASE WHEN o.user_id IS NULL THEN 0 ELSE 1 END) THEN 1 ELSE 0 END
FROM truth_holder_day h
JOIN truth_work w ON w.user_id = h.user_id AND w.day = h.day AND w.minutes > 0
LEFT JOIN truth_out o ON o.user_id = h.user_id AND o.day = h.day
WHERE h.day BETWEEN on(2027-03-27) AND on(2027-04-23)
GROUP BY h.option_id, h.day;

-- unheld
SELECT option_id FROM truth_option WHERE option_id NOT IN (SELECT option_id FROM truth_holder);

-- options
SELECT o.option_id, o.attribute, o.value, COUNT(h.user_id)
FROM truth_option o
LEFT JOIN truth_holder h ON h.option_id = o.option_id
GROUP BY o.option_id, o.attribute, o.value;

-- teams
SELECT name FROM calcom_teams;

-- kinds
SELECT e.id, e.title, t.name FROM calcom_team_event_types e LEFT JOIN calcom_teams t ON t.id = e.team_id;

-- out of the week
SELECT COUNT(DISTINCT user_id) FROM truth_out WHERE day BETWEEN on(2027-03-27) AND on(2027-04-02);

-- out by name
SELECT user_id, MIN(day), MAX(day) FROM truth_out WHERE day BETWEEN on(2027-03-27) AND on(2027-04-02) GROUP BY user_id;

-- conflicts
SELECT c.day, div(c.starts_at % 86400, 60), c.kind, c.host, o.to_user_id, c.uid
FROM truth_conflict c
JOIN calcom_ooo_entries o ON o.id = c.ooo_id AND o.is_current IS TRUE;
