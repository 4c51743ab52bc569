{# made by tools/make_dbt_package.py, do not edit #}
{% macro snowflake__fct_ooo_day() %}
SELECT covered.organization_id,
covered.date,
covered.user_id,
covered.ooo_id,
covered.entries_on_day,
{%- if var('calcom__using_write_back') %}
EXISTS (
    SELECT 1
    FROM {{ ref('stg_calcom__writeback_entries') }} AS e
    WHERE e.organization_id = covered.organization_id
    AND e.ooo_id = covered.ooo_id
) AS owned_by_sync,
{%- else %}
CAST(NULL AS INTEGER) AS owned_by_sync,
{%- endif %}
min(v.to_user_id) IS NOT NULL AS has_cover,
min(v.to_user_id) AS cover_user_id,
{%- if var('calcom__using_schedules') %}
max(CASE WHEN (CASE WHEN (so.date IS NOT NULL) THEN (CAST(substr(so.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(so.end_time, 4, 2) AS INTEGER)) - (CAST(substr(so.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(so.start_time, 4, 2) AS INTEGER)) ELSE (CAST(substr(sa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(sa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(sa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(sa.start_time, 4, 2) AS INTEGER)) END > 0) THEN 1 ELSE 0 END) = 1 AS is_scheduled_day,
{%- else %}
CAST(NULL AS INTEGER) = 1 AS is_scheduled_day,
{%- endif %}
CAST((covered.first_seen) AS DATE) AS first_seen,
CASE WHEN (covered.live_id IS NULL) THEN CAST((covered.removed_at) AS DATE) END AS removed_on,
{%- if var('calcom__history') %}
NULL AS note
{%- else %}
'{{ var('calcom_prefix') }}ooo_entries without history: the present state stands for every day' AS note
{%- endif %}
FROM (
    SELECT o.organization_id AS organization_id,
    dc.date AS date,
    dc.weekday_name AS weekday_name,
    o.user_id AS user_id,
{%- if var('calcom__history') %}
    min(CASE WHEN (o.is_current IS true AND o._calcom_deleted_at IS NULL) THEN o.id END) AS live_id,
    coalesce(min(CASE WHEN (o.is_current IS true AND o._calcom_deleted_at IS NULL) THEN o.id END), min(o.id)) AS ooo_id,
    count(DISTINCT CASE WHEN (o.is_current IS true AND o._calcom_deleted_at IS NULL) THEN o.id END) AS entries_on_day,
    min(o.valid_from) AS first_seen,
    max(coalesce(o.valid_to, o._calcom_deleted_at)) AS removed_at
{%- else %}
    min(CASE WHEN (o._calcom_deleted_at IS NULL) THEN o.id END) AS live_id,
    coalesce(min(CASE WHEN (o._calcom_deleted_at IS NULL) THEN o.id END), min(o.id)) AS ooo_id,
    count(DISTINCT CASE WHEN (o._calcom_deleted_at IS NULL) THEN o.id END) AS entries_on_day,
    min(CAST(NULL AS TIMESTAMP_NTZ)) AS first_seen,
    max(o._calcom_deleted_at) AS removed_at
{%- endif %}
    FROM {{ ref('stg_calcom__ooo_entries') }} AS o
    JOIN {{ ref('int_calcom__calendar') }} AS dc ON dc.date >= CAST((o.start_at) AS DATE)
    AND dc.date <= CAST((o.end_at) AS DATE)
    GROUP BY o.organization_id,
    dc.date,
    dc.weekday_name,
    o.user_id
) AS covered
{%- if var('calcom__using_schedules') %}
LEFT OUTER JOIN (
    SELECT s.organization_id AS organization_id,
    s.owner_id AS owner_id,
    min(s.id) AS schedule_id
    FROM {{ ref('stg_calcom__schedules') }} AS s
    WHERE s.is_default IS true
    AND s._calcom_deleted_at IS NULL
    GROUP BY s.organization_id,
    s.owner_id
) AS default_schedule ON default_schedule.organization_id = covered.organization_id
AND default_schedule.owner_id = covered.user_id
LEFT OUTER JOIN {{ ref('stg_calcom__schedule_overrides') }} AS so ON so.organization_id = covered.organization_id
AND so.schedule_id = default_schedule.schedule_id
AND so.date = covered.date
AND so._calcom_deleted_at IS NULL
LEFT OUTER JOIN {{ ref('stg_calcom__schedule_availability') }} AS sa ON sa.organization_id = covered.organization_id
AND sa.schedule_id = default_schedule.schedule_id
AND CONTAINS(CAST(sa.days AS VARCHAR), ('"' || covered.weekday_name || '"'))
AND sa._calcom_deleted_at IS NULL
{%- endif %}
LEFT OUTER JOIN {{ ref('stg_calcom__ooo_entries') }} AS v ON v.organization_id = covered.organization_id
AND v.id = covered.ooo_id
AND v.user_id = covered.user_id
AND covered.date >= CAST((v.start_at) AS DATE)
AND covered.date <= CAST((v.end_at) AS DATE)
{%- if var('calcom__history') %}
AND (v.is_current IS true AND v._calcom_deleted_at IS NULL OR covered.live_id IS NULL)
{%- else %}
AND (v._calcom_deleted_at IS NULL OR covered.live_id IS NULL)
{%- endif %}
GROUP BY covered.organization_id,
covered.date,
covered.weekday_name,
covered.user_id,
covered.live_id,
covered.ooo_id,
covered.entries_on_day,
covered.first_seen,
covered.removed_at
{% endmacro %}
