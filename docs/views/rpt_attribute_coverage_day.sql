-- On which days of March 2027 would a rule that asks for the region South find nobody, or one person only?
SELECT organization_id, date, option_value, holders, scheduled_holders, available_holders, is_uncovered,
       last_holder_user_id
FROM rpt_attribute_coverage_day
WHERE attribute_slug = 'region' AND option_value = 'South'
  AND date BETWEEN '2027-03-01' AND '2027-03-31'
ORDER BY organization_id, date
