-- For which attribute options would a routing rule find nobody on 1 March 2027?
WITH out_of_office AS (
    SELECT DISTINCT o.organization_id, o.user_id
    FROM calcom_ooo_entries o
    WHERE o.is_current AND o.start_at < '2027-03-02' AND o.end_at >= '2027-03-01'
)
SELECT p.organization_id, a.slug AS attribute_slug, p.value AS option_value,
       count(m.user_id) AS holders
FROM calcom_attribute_options p
JOIN calcom_attributes a
  ON a.organization_id = p.organization_id AND a.id = p.attribute_id
LEFT JOIN calcom_attribute_assignments s
       ON s.organization_id = p.organization_id AND s.option_id = p.id AND s.is_current
LEFT JOIN calcom_memberships m
       ON m.organization_id = s.organization_id AND m.user_id = s.user_id AND m.is_current AND m.accepted
LEFT JOIN out_of_office x
       ON x.organization_id = m.organization_id AND x.user_id = m.user_id
WHERE a.enabled AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT')
GROUP BY p.organization_id, a.slug, p.id, p.value
HAVING count(m.user_id) = count(x.user_id)
ORDER BY p.organization_id, a.slug, p.value, p.id
