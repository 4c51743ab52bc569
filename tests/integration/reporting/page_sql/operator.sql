-- reads
SELECT p.scope, p.resource, p.table_name, p.read_at, p.tried_at, p.failed, n.rows_after
FROM (
    SELECT
        scope, resource, table_name,
        MAX(CASE WHEN status IN ('published', 'unchanged') THEN seconds(started_at) END) AS read_at,
        MAX(seconds(started_at)) AS tried_at,
        SUM(CASE WHEN status IN ('failed', 'lost') AND seconds(started_at) >= at(2027-03-21 00:00) THEN 1 ELSE 0 END) AS failed
    FROM calcom_sync_run_resources
    GROUP BY scope, resource, table_name
) p
LEFT JOIN calcom_sync_run_resources n ON n.scope = p.scope AND n.resource = p.resource AND n.table_name = p.table_name
    AND seconds(n.started_at) = p.read_at AND n.status IN ('published', 'unchanged');

-- budget
SELECT c.day, c.requests, c.throttled, c.waited, t.changed, t.failed, t.incomplete
FROM (
    -- A resource with several tables costs its requests once.
    SELECT day, SUM(requests) AS requests, SUM(throttled) AS throttled, SUM(waited) AS waited
    FROM (
        SELECT div(seconds(started_at), 86400) AS day, MAX(requests) AS requests, MAX(throttled) AS throttled, MAX(waited_seconds) AS waited
        FROM calcom_sync_run_resources
        GROUP BY run_id, resource, div(seconds(started_at), 86400)
    ) resource_reads
    GROUP BY day
) c
JOIN (
    SELECT
        div(seconds(started_at), 86400) AS day,
        SUM(CASE WHEN status IN ('published', 'unchanged')
            THEN COALESCE(rows_inserted, 0) + COALESCE(rows_updated, 0) + COALESCE(rows_deleted, 0)
            ELSE 0 END) AS changed,
        SUM(CASE WHEN status IN ('failed', 'lost') THEN 1 ELSE 0 END) AS failed,
        SUM(CASE WHEN complete IS FALSE THEN 1 ELSE 0 END) AS incomplete
    FROM calcom_sync_run_resources
    GROUP BY div(seconds(started_at), 86400)
) t ON t.day = c.day
ORDER BY c.day DESC;

-- fleet
SELECT seconds(started_at), dag_id, organizations, synced, failed, requests, throttled, worst_age_seconds / 60.0, planned_age_seconds / 60.0
FROM calcom_sync_fleet_runs
ORDER BY started_at DESC;

-- missed
SELECT div(seconds(started_at), 86400) AS day, SUM(events_missed), MAX(events_late_seconds) / 60.0
FROM calcom_sync_run_resources
WHERE events_missed IS NOT NULL
GROUP BY div(seconds(started_at), 86400);

-- events
SELECT div(seconds(started_at), 86400) AS day, COUNT(*), SUM(changes), SUM(requests), MAX(late_seconds)
FROM calcom_event_syncs
GROUP BY div(seconds(started_at), 86400);

-- quarantines
SELECT namespace, kind, plan_id, began_at, ended_at, ended_as
FROM calcom_writeback_quarantines
ORDER BY CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END, began_at DESC;

-- plans
SELECT p.plan_id, p.namespace, p.kind, p.status, p.created_at, COUNT(a.number),
    SUM(CASE WHEN a.status = 'done' THEN 1 ELSE 0 END), SUM(CASE WHEN a.status = 'failed' THEN 1 ELSE 0 END)
FROM calcom_writeback_plans p
LEFT JOIN calcom_writeback_actions a ON a.plan_id = p.plan_id
GROUP BY p.plan_id, p.namespace, p.kind, p.status, p.created_at
ORDER BY p.created_at DESC;

-- writes
SELECT p.plan_id, p.created_at, a.kind, a.why, a.status, a.user_id, a.code
FROM calcom_writeback_plans p
LEFT JOIN calcom_writeback_actions a ON a.plan_id = p.plan_id
ORDER BY p.created_at DESC, p.plan_id, a.number;
