-- The values of each person since the first sync, and from when to when each was held.
SELECT s.user_id, a.slug AS attribute, p.value, s.valid_from, s.valid_to
FROM calcom_attribute_assignments s
JOIN calcom_attribute_options_current p ON p.organization_id = s.organization_id AND p.id = s.option_id
JOIN calcom_attributes_current a ON a.organization_id = s.organization_id AND a.id = s.attribute_id
ORDER BY s.user_id, a.slug, s.valid_from
