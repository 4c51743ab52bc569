-- What became of the responses to routing forms in March 2027, by what the host was responsible for at that time?
SELECT organization_id, form_id, host_attribute_value, outcome, count(*) AS responses,
       avg(minutes_to_booking) AS avg_minutes_to_booking
FROM rpt_routing_outcome
WHERE created_at >= '2027-03-01' AND created_at < '2027-04-01'
GROUP BY organization_id, form_id, host_attribute_value, outcome
ORDER BY organization_id, form_id, host_attribute_value, outcome
