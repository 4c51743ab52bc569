-- Which event types do bookings name that no list of event types has?
SELECT organization_id, event_type_id, event_type_name, slug, bookings
FROM dim_event_type
WHERE kind IN ('unlisted', 'none') AND bookings > 0
