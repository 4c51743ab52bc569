-- Days are counted from 1970 on, a Thursday, and moments in seconds: databases agree on integers.

CREATE TABLE truth_day AS
WITH RECURSIVE d (day) AS (
    SELECT on(2026-09-28) AS day UNION ALL SELECT day + 1 FROM d WHERE day < on(2027-06-26)
)
SELECT day, (day + 3) % 7 AS weekday, day - (day + 3) % 7 AS monday FROM d;

CREATE TABLE truth_weekday AS
SELECT 0 AS weekday, 'Monday' AS name UNION ALL SELECT 1, 'Tuesday' UNION ALL SELECT 2, 'Wednesday'
UNION ALL SELECT 3, 'Thursday' UNION ALL SELECT 4, 'Friday' UNION ALL SELECT 5, 'Saturday' UNION ALL SELECT 6, 'Sunday';

-- The zones of the organisation, as their governments changed the clocks; who has another one lives by UTC.
CREATE TABLE truth_zone AS
SELECT 'Europe/Berlin' AS zone, 0 AS begins, at(2026-10-25 01:00) AS ends, 120 AS minutes
UNION ALL SELECT 'Europe/Berlin', at(2026-10-25 01:00), at(2027-03-28 01:00), 60
UNION ALL SELECT 'Europe/Berlin', at(2027-03-28 01:00), at(2030-01-01 00:00), 120
UNION ALL SELECT 'America/New_York', 0, at(2026-11-01 06:00), -240
UNION ALL SELECT 'America/New_York', at(2026-11-01 06:00), at(2027-03-14 07:00), -300
UNION ALL SELECT 'America/New_York', at(2027-03-14 07:00), at(2030-01-01 00:00), -240
UNION ALL SELECT 'Pacific/Auckland', 0, at(2026-09-26 14:00), 720
UNION ALL SELECT 'Pacific/Auckland', at(2026-09-26 14:00), at(2027-04-03 14:00), 780
UNION ALL SELECT 'Pacific/Auckland', at(2027-04-03 14:00), at(2030-01-01 00:00), 720
UNION ALL SELECT 'Asia/Kathmandu', 0, at(2030-01-01 00:00), 345
UNION ALL SELECT 'Asia/Kolkata', 0, at(2030-01-01 00:00), 330;
