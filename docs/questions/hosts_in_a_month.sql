-- How busy was each host in March 2027: meetings held, their minutes, cancelled, moved, missed by the host, rating?
SELECT h.organization_id, h.user_id AS host_user_id,
       sum(CASE WHEN b.status = 'accepted' THEN 1 ELSE 0 END) AS meetings,
       sum(CASE WHEN b.status = 'accepted' THEN b.duration ELSE 0 END) AS minutes,
       sum(CASE WHEN b.status = 'cancelled' AND b.rescheduled_to_uid IS NULL THEN 1 ELSE 0 END) AS cancelled,
       sum(CASE WHEN b.rescheduled_to_uid IS NOT NULL THEN 1 ELSE 0 END) AS rescheduled,
       sum(CASE WHEN b.status = 'accepted' AND b.absent_host THEN 1 ELSE 0 END) AS no_show_host,
       avg(CASE WHEN b.status = 'accepted' THEN b.rating END) AS avg_rating
FROM calcom_booking_hosts h
JOIN calcom_bookings b
  ON b.organization_id = h.organization_id AND b.id = h.booking_id
WHERE b.start_at >= '2027-03-01' AND b.start_at < '2027-04-01'
  AND h.user_id IS NOT NULL
GROUP BY h.organization_id, h.user_id
ORDER BY h.organization_id, h.user_id
