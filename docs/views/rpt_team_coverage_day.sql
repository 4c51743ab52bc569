-- Is team 71 covered on each day of March 2027?
SELECT organization_id, date, members, scheduled_members, out_members, available_members, coverage_pct,
       minimum, below_minimum
FROM rpt_team_coverage_day
WHERE team_id = 71 AND date BETWEEN '2027-03-01' AND '2027-03-31'
ORDER BY organization_id, date
