-- For which event types do guests not show up? Meetings of March 2027 with a guest who was marked as absent.
SELECT b.organization_id, e.event_type_name,
       count(*) AS meetings,
       sum(CASE WHEN EXISTS (
               SELECT 1 FROM calcom_booking_attendees g
               WHERE g.organization_id = b.organization_id AND g.booking_id = b.id AND g.absent
           ) THEN 1 ELSE 0 END) AS no_show_guest
FROM calcom_bookings b
JOIN dim_event_type e
  ON e.organization_id = b.organization_id AND e.event_type_id = coalesce(b.event_type_id, 0)
WHERE b.status = 'accepted' AND b.start_at >= '2027-03-01' AND b.start_at < '2027-04-01'
GROUP BY b.organization_id, e.event_type_id, e.event_type_name
ORDER BY no_show_guest DESC, e.event_type_id
