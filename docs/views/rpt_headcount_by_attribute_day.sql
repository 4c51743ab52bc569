-- How many people were in the region South on each day of March 2027, and what share of everybody is that?
SELECT organization_id, date, option_value, members, accepted_members, members_with_schedule, share_of_org, out_today
FROM rpt_headcount_by_attribute_day
WHERE attribute_slug = 'region' AND option_value = 'South'
  AND date BETWEEN '2027-03-01' AND '2027-03-31'
ORDER BY organization_id, date
