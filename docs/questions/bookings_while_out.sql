-- Which meetings from 1 March 2027 on have a host who is out on that day, counted in UTC?
SELECT b.organization_id, b.uid AS booking_uid, b.start_at, h.user_id AS host_user_id, o.id AS ooo_id, o.to_user_id
FROM calcom_bookings b
JOIN calcom_booking_hosts h
  ON h.organization_id = b.organization_id AND h.booking_id = b.id
JOIN calcom_ooo_entries o
  ON o.organization_id = h.organization_id AND o.user_id = h.user_id AND o.is_current
 AND b.start_at <= o.end_at AND b.start_at >= o.start_at
WHERE b.status IN ('accepted', 'pending') AND b.start_at >= '2027-03-01'
ORDER BY b.start_at, b.uid, h.user_id, o.id
