-- Who held which option of the attribute "region" when 15 February 2027 began, in UTC?
SELECT s.organization_id, s.user_id, p.value AS option_value, s.valid_from, s.valid_to
FROM calcom_attribute_assignments s
JOIN calcom_attributes a
  ON a.organization_id = s.organization_id AND a.id = s.attribute_id
JOIN calcom_attribute_options p
  ON p.organization_id = s.organization_id AND p.id = s.option_id
WHERE a.slug = 'region'
  AND s.valid_from <= '2027-02-15 00:00:00'
  AND (s.valid_to IS NULL OR s.valid_to > '2027-02-15 00:00:00')
ORDER BY s.organization_id, s.user_id, option_value
