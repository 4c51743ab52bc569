-- What became of the routing responses of March 2027: no booking, booked, cancelled since?
SELECT r.organization_id, r.form_id,
       count(*) AS responses,
       count(r.routed_to_booking_uid) AS booked,
       sum(CASE WHEN b.status = 'cancelled' THEN 1 ELSE 0 END) AS cancelled_since,
       count(*) - count(r.routed_to_booking_uid) AS without_booking
FROM calcom_routing_form_responses r
LEFT JOIN calcom_bookings b
       ON b.organization_id = r.organization_id AND b.uid = r.routed_to_booking_uid
WHERE r.created_at >= '2027-03-01' AND r.created_at < '2027-04-01'
GROUP BY r.organization_id, r.form_id
ORDER BY r.organization_id, r.form_id
