-- What did the syncs of March 2027 cost and change, day by day?
SELECT organization_id, date, sum(runs) AS table_runs, sum(failed_runs) AS failed, sum(requests) AS requests,
       sum(throttled) AS throttled, sum(waited_seconds) AS waited_seconds,
       sum(rows_inserted + rows_updated + rows_deleted) AS rows_changed
FROM rpt_sync_health
WHERE date BETWEEN '2027-03-01' AND '2027-03-31'
GROUP BY organization_id, date
ORDER BY organization_id, date
