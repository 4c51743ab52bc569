-- How many members of each team are there on 1 March 2027, and how many are out?
WITH out_of_office AS (
    SELECT DISTINCT o.organization_id, o.user_id
    FROM calcom_ooo_entries o
    WHERE o.is_current AND o.start_at < '2027-03-02' AND o.end_at >= '2027-03-01'
)
SELECT t.organization_id, t.id AS team_id, t.name,
       count(m.user_id) AS members,
       count(x.user_id) AS out_members,
       count(m.user_id) - count(x.user_id) AS available_members
FROM calcom_teams t
LEFT JOIN calcom_team_memberships m
       ON m.organization_id = t.organization_id AND m.team_id = t.id AND m.accepted
LEFT JOIN out_of_office x
       ON x.organization_id = m.organization_id AND x.user_id = m.user_id
GROUP BY t.organization_id, t.id, t.name
ORDER BY available_members, t.id
