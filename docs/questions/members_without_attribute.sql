-- Which accepted members have no value for the attribute "region"?
SELECT m.organization_id, m.user_id
FROM calcom_memberships m
WHERE m.is_current AND m.accepted
  AND NOT EXISTS (
      SELECT 1
      FROM calcom_attribute_assignments s
      JOIN calcom_attributes a
        ON a.organization_id = s.organization_id AND a.id = s.attribute_id
      WHERE a.slug = 'region' AND s.is_current
        AND s.organization_id = m.organization_id AND s.user_id = m.user_id
  )
ORDER BY m.organization_id, m.user_id
