-- Which working days of March 2027 was somebody of team 71 out, who stood in, and who entered it?
SELECT o.organization_id, o.date, o.user_id, o.ooo_id, o.owned_by_sync, o.cover_user_id, o.first_seen
FROM fct_ooo_day o
WHERE o.date BETWEEN '2027-03-01' AND '2027-03-31'
  AND o.removed_on IS NULL AND (o.is_scheduled_day IS NULL OR o.is_scheduled_day)
  AND EXISTS (SELECT 1 FROM calcom_team_memberships m
              WHERE m.organization_id = o.organization_id AND m.user_id = o.user_id AND m.team_id = 71)
ORDER BY o.organization_id, o.date, o.user_id
