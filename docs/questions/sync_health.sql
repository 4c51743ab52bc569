-- When was each table last read, and what did the reads since 1 March 2027 cost and change?
SELECT s.scope, s.table_name,
       max(CASE WHEN s.status IN ('published', 'unchanged') THEN s.started_at END) AS last_read,
       sum(CASE WHEN s.status = 'failed' THEN 1 ELSE 0 END) AS failed_reads,
       sum(s.rows_inserted + s.rows_updated + s.rows_deleted) AS rows_changed,
       sum(s.requests) AS requests
FROM calcom_sync_run_resources s
WHERE s.started_at >= '2027-03-01'
GROUP BY s.scope, s.table_name
ORDER BY last_read, s.table_name
