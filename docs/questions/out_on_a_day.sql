-- Who is out on 1 March 2027, since when, until when, and who stands in?
SELECT o.organization_id, o.user_id, o.start_at, o.end_at, o.to_user_id
FROM calcom_ooo_entries o
WHERE o.is_current
  AND o.start_at < '2027-03-02' AND o.end_at >= '2027-03-01'
ORDER BY o.organization_id, o.user_id, o.start_at
