-- How many accepted members have each value of the attribute "region"?
SELECT o.organization_id, o.value, count(DISTINCT m.user_id) AS members
FROM calcom_attribute_options o
JOIN calcom_attributes a
  ON a.organization_id = o.organization_id AND a.id = o.attribute_id
LEFT JOIN calcom_attribute_assignments s
  ON s.organization_id = o.organization_id AND s.option_id = o.id AND s.is_current
LEFT JOIN calcom_memberships m
  ON m.organization_id = s.organization_id AND m.user_id = s.user_id AND m.is_current AND m.accepted
WHERE a.slug = 'region'
GROUP BY o.organization_id, o.value
ORDER BY members DESC, o.value
