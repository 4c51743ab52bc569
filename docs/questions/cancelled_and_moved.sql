-- How many bookings of March 2027 stand, were cancelled, or were moved to another one, by event type?
SELECT b.organization_id, e.event_type_name,
       sum(CASE WHEN b.status = 'accepted' AND b.rescheduled_to_uid IS NULL THEN 1 ELSE 0 END) AS booked,
       sum(CASE WHEN b.status = 'cancelled' AND b.rescheduled_to_uid IS NULL THEN 1 ELSE 0 END) AS cancelled,
       sum(CASE WHEN b.rescheduled_to_uid IS NOT NULL THEN 1 ELSE 0 END) AS moved
FROM calcom_bookings b
JOIN dim_event_type e
  ON e.organization_id = b.organization_id AND e.event_type_id = coalesce(b.event_type_id, 0)
WHERE b.start_at >= '2027-03-01' AND b.start_at < '2027-04-01'
GROUP BY b.organization_id, e.event_type_id, e.event_type_name
ORDER BY booked DESC, e.event_type_id
