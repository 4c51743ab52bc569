{# made by tools/make_dbt_package.py, do not edit #}
{% macro postgres__rpt_sync_health() %}
SELECT CASE WHEN (strpos(',' || day.scope || ',', ',organization_id=') > 0) THEN CAST(substr(substr(',' || day.scope || ',', strpos(',' || day.scope || ',', ',organization_id=') + 17), 1, strpos(substr(',' || day.scope || ',', strpos(',' || day.scope || ',', ',organization_id=') + 17), ',') - 1) AS BIGINT) END AS organization_id,
day.scope,
day.date,
day.resource,
day.table_name,
day.runs,
day.failed_runs,
day.incomplete_runs,
day.last_started_at,
max(day.success_at) OVER (PARTITION BY day.scope, day.resource, day.table_name ORDER BY day.date) AS last_success_at,
(CAST(100 AS double precision) * (CAST(trunc((floor(extract(epoch FROM now())) - floor(extract(epoch FROM max(day.success_at) OVER (PARTITION BY day.scope, day.resource, day.table_name)))) / 60) AS bigint)) / nullif(6000, 0)) AS hours_since_success,
day.rows_read,
day.rows_inserted,
day.rows_updated,
day.rows_unchanged,
day.rows_deleted,
day.rows_after,
day.requests,
day.waited_seconds,
day.throttled,
day.pages,
day.bytes
FROM (
    SELECT record.scope AS scope,
    record.date AS date,
    record.resource AS resource,
    record.table_name AS table_name,
    max(record.started_at) AS last_started_at,
    max(record.success_at) AS success_at,
    max(CASE WHEN (record.started_at = record.success_at) THEN record.rows_after END) AS rows_after,
    CAST(coalesce(sum(1), 0) AS BIGINT) AS runs,
    CAST(coalesce(sum(CASE WHEN (record.status IN ('failed', 'lost')) THEN 1 ELSE 0 END), 0) AS BIGINT) AS failed_runs,
    CAST(coalesce(sum(CASE WHEN (record.complete IS false) THEN 1 ELSE 0 END), 0) AS BIGINT) AS incomplete_runs,
    CAST(coalesce(sum(record.rows_read), 0) AS BIGINT) AS rows_read,
    CAST(coalesce(sum(CASE WHEN (record.status IN ('published', 'unchanged')) THEN record.rows_inserted END), 0) AS BIGINT) AS rows_inserted,
    CAST(coalesce(sum(CASE WHEN (record.status IN ('published', 'unchanged')) THEN record.rows_updated END), 0) AS BIGINT) AS rows_updated,
    CAST(coalesce(sum(CASE WHEN (record.status IN ('published', 'unchanged')) THEN record.rows_unchanged END), 0) AS BIGINT) AS rows_unchanged,
    CAST(coalesce(sum(CASE WHEN (record.status IN ('published', 'unchanged')) THEN record.rows_deleted END), 0) AS BIGINT) AS rows_deleted,
    CAST(coalesce(sum(CASE WHEN (record.table_name = record.first_table) THEN record.requests END), 0) AS BIGINT) AS requests,
    coalesce(sum(CASE WHEN (record.table_name = record.first_table) THEN record.waited_seconds END), 0) AS waited_seconds,
    CAST(coalesce(sum(CASE WHEN (record.table_name = record.first_table) THEN record.throttled END), 0) AS BIGINT) AS throttled,
    CAST(coalesce(sum(CASE WHEN (record.table_name = record.first_table) THEN record.pages END), 0) AS BIGINT) AS pages,
    CAST(coalesce(sum(CASE WHEN (record.table_name = record.first_table) THEN record.bytes END), 0) AS BIGINT) AS bytes
    FROM (
        SELECT tables_of_runs.scope AS scope,
        tables_of_runs.resource AS resource,
        tables_of_runs.table_name AS table_name,
        tables_of_runs.started_at AS started_at,
        tables_of_runs.status AS status,
        tables_of_runs.complete AS complete,
        CAST((tables_of_runs.started_at) AT TIME ZONE 'UTC' AS date) AS date,
        tables_of_runs.rows_read AS rows_read,
        tables_of_runs.rows_inserted AS rows_inserted,
        tables_of_runs.rows_updated AS rows_updated,
        tables_of_runs.rows_unchanged AS rows_unchanged,
        tables_of_runs.rows_deleted AS rows_deleted,
        tables_of_runs.rows_after AS rows_after,
        max(tables_of_runs.requests) OVER (PARTITION BY tables_of_runs.run_id, tables_of_runs.resource) AS requests,
        max(tables_of_runs.waited_seconds) OVER (PARTITION BY tables_of_runs.run_id, tables_of_runs.resource) AS waited_seconds,
        max(tables_of_runs.throttled) OVER (PARTITION BY tables_of_runs.run_id, tables_of_runs.resource) AS throttled,
        max(tables_of_runs.pages) OVER (PARTITION BY tables_of_runs.run_id, tables_of_runs.resource) AS pages,
        max(tables_of_runs.bytes) OVER (PARTITION BY tables_of_runs.run_id, tables_of_runs.resource) AS bytes,
        min(tables_of_runs.table_name) OVER (PARTITION BY tables_of_runs.run_id, tables_of_runs.resource) AS first_table,
        max(CASE WHEN (tables_of_runs.status IN ('published', 'unchanged')) THEN tables_of_runs.started_at END) OVER (PARTITION BY tables_of_runs.scope, tables_of_runs.resource, tables_of_runs.table_name, CAST((tables_of_runs.started_at) AT TIME ZONE 'UTC' AS date)) AS success_at
        FROM (
            SELECT p.resource AS resource,
            p.table_name AS table_name,
            CASE WHEN (p.finished_at < p.started_at) THEN p.finished_at ELSE p.started_at END AS started_at,
            p.run_id AS run_id,
            p.scope AS scope,
            p.status AS status,
            p.complete AS complete,
            p.rows_read AS rows_read,
            p.rows_inserted AS rows_inserted,
            p.rows_updated AS rows_updated,
            p.rows_unchanged AS rows_unchanged,
            p.rows_deleted AS rows_deleted,
            p.rows_after AS rows_after,
            p.requests AS requests,
            p.waited_seconds AS waited_seconds,
            p.throttled AS throttled,
            p.pages AS pages,
            p.bytes AS bytes
            FROM {{ ref('stg_calcom__sync_run_resources') }} AS p
            UNION ALL
            SELECT '*' AS resource,
            '' AS table_name,
            CASE WHEN (r.finished_at < r.started_at) THEN r.finished_at ELSE r.started_at END AS started_at,
            r.run_id AS run_id,
            r.scope AS scope,
            r.status AS status,
            r.complete AS complete,
            r.rows_read AS rows_read,
            r.rows_inserted AS rows_inserted,
            r.rows_updated AS rows_updated,
            r.rows_unchanged AS rows_unchanged,
            r.rows_deleted AS rows_deleted,
            r.rows_after AS rows_after,
            r.requests AS requests,
            r.waited_seconds AS waited_seconds,
            r.throttled AS throttled,
            r.pages AS pages,
            r.bytes AS bytes
            FROM {{ ref('stg_calcom__sync_runs') }} AS r
            WHERE NOT (EXISTS (
                SELECT 1 AS anon_1
                FROM {{ ref('stg_calcom__sync_run_resources') }} AS other
                WHERE other.run_id = r.run_id
            ))
        ) AS tables_of_runs
    ) AS record
    GROUP BY record.scope,
    record.date,
    record.resource,
    record.table_name
) AS day
{% endmacro %}
