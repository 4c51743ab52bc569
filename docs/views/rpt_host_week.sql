-- How busy and how reliable were the hosts of team 71 in the weeks of March 2027, those with their Thursday in it?
SELECT h.organization_id, h.host_user_id, h.week_start, h.bookable_minutes, h.booked_minutes, h.utilisation_pct,
       h.bookings, h.cancelled, h.rescheduled, h.no_show_host, h.no_show_guest, h.avg_rating
FROM rpt_host_week h
WHERE h.week_start BETWEEN '2027-03-01' AND '2027-03-28'
  AND EXISTS (SELECT 1 FROM calcom_team_memberships m
              WHERE m.organization_id = h.organization_id AND m.user_id = h.host_user_id AND m.team_id = 71)
ORDER BY h.organization_id, h.week_start, h.host_user_id
