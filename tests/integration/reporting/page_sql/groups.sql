-- Groups of people, the time of hosts by week, the bookings that round robin dealt out, and those in an absence.

CREATE TABLE truth_hours AS
SELECT w.user_id, w.monday,
    SUM(CASE WHEN a.user_id IS NULL THEN w.minutes ELSE 0 END) AS bookable
FROM truth_work w
LEFT JOIN truth_away a ON a.user_id = w.user_id AND a.day = w.day
GROUP BY w.user_id, w.monday;

CREATE TABLE truth_booked AS
SELECT h.user_id, h.monday, COUNT(*) AS bookings, SUM(COALESCE(b.duration, 0)) AS minutes
FROM truth_hosting h
JOIN calcom_bookings b ON b.id = h.booking_id
WHERE h.user_id <> 0 AND b.status = 'accepted' AND b.rescheduled_to_uid IS NULL
    AND h.monday BETWEEN on(2026-09-28) AND on(2027-04-19)
GROUP BY h.user_id, h.monday;

-- Who hosted anything in these weeks, with every week.
CREATE TABLE truth_load AS
SELECT u.user_id, d.monday,
    COALESCE(h.bookable, 0) AS bookable, COALESCE(b.minutes, 0) AS booked, COALESCE(b.bookings, 0) AS bookings
FROM (SELECT DISTINCT user_id FROM truth_booked) u
CROSS JOIN (SELECT DISTINCT monday FROM truth_day WHERE monday <= on(2027-04-19)) d
LEFT JOIN truth_hours h ON h.user_id = u.user_id AND h.monday = d.monday
LEFT JOIN truth_booked b ON b.user_id = u.user_id AND b.monday = d.monday;

CREATE TABLE truth_group AS
SELECT 'all' AS way, '' AS member, user_id FROM (SELECT DISTINCT user_id FROM truth_booked) everybody
UNION ALL SELECT 'teams', team, user_id FROM truth_team_member
UNION ALL SELECT 'values', option_id, user_id FROM truth_holder;

CREATE TABLE truth_team_out AS
SELECT m.team, o.user_id, o.day FROM truth_team_member m JOIN truth_out o ON o.user_id = m.user_id;

CREATE TABLE truth_value_out AS
SELECT h.option_id, o.user_id, o.day
FROM truth_holder_day h
JOIN truth_out o ON o.user_id = h.user_id AND o.day = h.day;

-- Who hosted a booking of the kind in half a year may have got none in a shorter time.
CREATE TABLE truth_dealt AS
SELECT p.weeks, b.kind, h.user_id, SUM(CASE WHEN b.monday > on(2027-03-22) - 7 * p.weeks THEN 1 ELSE 0 END) AS number
FROM truth_booking b
JOIN truth_host h ON h.booking_id = b.id
CROSS JOIN (SELECT 4 AS weeks UNION ALL SELECT 13 UNION ALL SELECT 26) p
WHERE b.scheduling_type = 'roundRobin' AND b.outcome = 'accepted' AND b.monday <= on(2027-03-22)
GROUP BY p.weeks, b.kind, h.user_id;

-- The entry that stands for the day is the one with the lowest id.
CREATE TABLE truth_conflict AS
SELECT b.uid, seconds(b.start_at) AS starts_at, COALESCE(e.id, 0) AS kind, h.user_id AS host, h.day, MIN(o.id) AS ooo_id
FROM truth_hosting h
JOIN calcom_bookings b ON b.id = h.booking_id
JOIN calcom_ooo_entries o ON o.user_id = h.user_id AND o.is_current IS TRUE
    AND h.day BETWEEN div(seconds(o.start_at), 86400) AND div(seconds(o.end_at), 86400)
LEFT JOIN calcom_team_event_types e ON e.id = b.event_type_id
WHERE b.status NOT IN ('cancelled', 'rejected') AND h.day BETWEEN on(2027-03-27) AND on(2027-04-23)
GROUP BY b.uid, b.start_at, e.id, h.user_id, h.day;
