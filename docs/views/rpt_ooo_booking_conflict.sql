-- Which meetings in March 2027 have a host who is out, and nobody has solved it?
SELECT organization_id, booking_uid, start_utc, start_local_date, host_user_id, team_id, ooo_id, cover_user_id,
       days_until, detected_on
FROM rpt_ooo_booking_conflict
WHERE start_local_date BETWEEN '2027-03-01' AND '2027-03-31' AND resolved_on IS NULL
ORDER BY organization_id, start_utc, booking_uid
