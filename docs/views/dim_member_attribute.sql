-- Who held the region South at noon on 15 March 2027, and since when?
SELECT organization_id, user_id, attribute_slug, option_value, group_option, managed_by, valid_from, valid_to
FROM dim_member_attribute
WHERE attribute_slug = 'region' AND option_value = 'South'
  AND valid_from <= '2027-03-15 12:00:00' AND (valid_to IS NULL OR valid_to > '2027-03-15 12:00:00')
