-- Who works how long on which day, and who is away.

CREATE TABLE truth_schedule AS
SELECT owner_id AS user_id, MIN(id) AS schedule_id FROM calcom_schedules WHERE is_default IS TRUE GROUP BY owner_id;

CREATE TABLE truth_usual AS
SELECT s.user_id, w.weekday, SUM(clock(a.end_time) - clock(a.start_time)) AS minutes
FROM truth_schedule s
JOIN calcom_schedule_availability a ON a.schedule_id = s.schedule_id
JOIN truth_weekday w ON text(a.days) LIKE join('%"', w.name, '"%')
GROUP BY s.user_id, w.weekday;

CREATE TABLE truth_special AS
SELECT s.user_id, day(o.date) AS day, SUM(clock(o.end_time) - clock(o.start_time)) AS minutes
FROM truth_schedule s
JOIN calcom_schedule_overrides o ON o.schedule_id = s.schedule_id
GROUP BY s.user_id, day(o.date);

CREATE TABLE truth_work AS
SELECT s.user_id, d.day, d.monday, COALESCE(o.minutes, u.minutes, 0) AS minutes
FROM truth_schedule s
CROSS JOIN truth_day d
LEFT JOIN truth_usual u ON u.user_id = s.user_id AND u.weekday = d.weekday
LEFT JOIN truth_special o ON o.user_id = s.user_id AND o.day = d.day;

-- An entry that was removed by the end of a day does not count for it; when it was entered does not matter.
CREATE TABLE truth_away AS
SELECT DISTINCT o.user_id, d.day
FROM calcom_ooo_entries o
JOIN truth_day d ON d.day BETWEEN div(seconds(o.start_at), 86400) AND div(seconds(o.end_at), 86400)
WHERE o.valid_to IS NULL OR seconds(o.valid_to) >= (d.day + 1) * 86400;

CREATE TABLE truth_out AS
SELECT w.user_id, w.day FROM truth_work w JOIN truth_away a ON a.user_id = w.user_id AND a.day = w.day WHERE w.minutes > 0;
