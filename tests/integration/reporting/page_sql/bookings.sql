-- Bookings by the clocks of their hosts; host 0 is nobody, whose clocks show UTC.

CREATE TABLE truth_host AS
SELECT DISTINCT booking_id, user_id FROM calcom_booking_hosts WHERE user_id IS NOT NULL;

CREATE TABLE truth_first_host AS
SELECT h.booking_id, MIN(h.user_id) AS user_id
FROM calcom_booking_hosts h
JOIN (
    SELECT booking_id, MIN(position) AS place FROM calcom_booking_hosts WHERE user_id IS NOT NULL GROUP BY booking_id
) f ON f.booking_id = h.booking_id AND f.place = h.position
GROUP BY h.booking_id;

CREATE TABLE truth_moment AS
SELECT
    h.booking_id,
    h.user_id,
    seconds(b.start_at) + 60 * COALESCE(z.minutes, 0) AS local
FROM (SELECT booking_id, user_id FROM truth_host UNION ALL SELECT id, 0 FROM calcom_bookings) h
JOIN calcom_bookings b ON b.id = h.booking_id
LEFT JOIN calcom_users u ON u.id = h.user_id
LEFT JOIN truth_zone z ON z.zone = u.time_zone AND seconds(b.start_at) >= z.begins AND seconds(b.start_at) < z.ends;

CREATE TABLE truth_hosting AS
SELECT m.booking_id, m.user_id, m.local, d.day, d.weekday, d.monday
FROM truth_moment m
JOIN truth_day d ON d.day = div(m.local, 86400);

CREATE TABLE truth_booking AS
SELECT
    b.id,
    COALESCE(e.id, 0) AS kind,
    e.scheduling_type,
    s.user_id AS host,
    s.monday,
    s.weekday * 24 + div(s.local - s.day * 86400, 3600) AS slot,
    CASE
        WHEN b.rescheduled_to_uid IS NOT NULL THEN 'rescheduled'
        WHEN b.status IN ('accepted', 'cancelled', 'rejected') THEN b.status
        ELSE 'pending'
    END AS outcome,
    CASE WHEN seconds(COALESCE(b.end_at, b.start_at)) <= :now THEN 1 ELSE 0 END AS is_over,
    CASE WHEN b.id IN (SELECT booking_id FROM calcom_booking_attendees WHERE absent IS TRUE) THEN 1 ELSE 0 END AS guest_absent,
    CASE WHEN b.absent_host IS TRUE THEN 1 ELSE 0 END AS host_absent,
    -- Full minutes; a booking that is said to be made after its start was made no time before it.
    CASE
        WHEN seconds(b.start_at) > seconds(b.created_at) THEN div(seconds(b.start_at) - seconds(b.created_at), 60)
        ELSE 0
    END AS lead
FROM calcom_bookings b
LEFT JOIN truth_first_host f ON f.booking_id = b.id
JOIN truth_hosting s ON s.booking_id = b.id AND s.user_id = COALESCE(f.user_id, 0)
LEFT JOIN calcom_team_event_types e ON e.id = b.event_type_id
WHERE s.monday BETWEEN on(2026-09-28) AND on(2027-04-19);

-- Each booking once for its event type, and once for each option that its first host holds now.
CREATE TABLE truth_counted AS
SELECT 'types' AS way, text(kind) AS member, b.* FROM truth_booking b
UNION ALL
SELECT 'values', h.option_id, b.* FROM truth_booking b JOIN truth_holder h ON h.user_id = b.host;

-- The same for everything and for the teams of event types.
CREATE TABLE truth_chosen AS
SELECT way, member, monday, outcome, is_over, guest_absent, lead FROM truth_counted
UNION ALL
SELECT 'all', '', monday, outcome, is_over, guest_absent, lead FROM truth_booking
UNION ALL
SELECT 'teams', t.name, b.monday, b.outcome, b.is_over, b.guest_absent, b.lead
FROM truth_booking b
JOIN calcom_team_event_types e ON e.id = b.kind
JOIN calcom_teams t ON t.id = e.team_id;

-- Periods that end with the present week, and those before them; 52 weeks are not shown.
CREATE TABLE truth_span AS
SELECT 4 AS weeks, 0 AS back, on(2027-03-01) AS begins, on(2027-03-22) AS ends
UNION ALL SELECT 4, 1, on(2027-02-01), on(2027-02-22)
UNION ALL SELECT 13, 0, on(2026-12-28), on(2027-03-22)
UNION ALL SELECT 13, 1, on(2026-09-28), on(2026-12-21)
UNION ALL SELECT 26, 0, on(2026-09-28), on(2027-03-22);
