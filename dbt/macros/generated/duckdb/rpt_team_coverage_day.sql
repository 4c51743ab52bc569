{# made by tools/make_dbt_package.py, do not edit #}
{% macro duckdb__rpt_team_coverage_day() %}
SELECT counted.organization_id,
counted.date,
counted.team_id,
counted.members,
counted.scheduled AS scheduled_members,
counted.scheduled - counted.available AS out_members,
counted.available AS available_members,
(CAST(100 AS DOUBLE) * (counted.available) / nullif(counted.scheduled, 0)) AS coverage_pct,
counted.minimum,
CASE WHEN (counted.minimum IS NOT NULL) THEN CASE WHEN (counted.scheduled > 0 AND counted.available < counted.minimum) THEN true ELSE false END END AS below_minimum,
{%- if var('calcom__history') %}
NULL AS note
{%- else %}
'{{ var('calcom_prefix') }}ooo_entries without history: the present state stands for every day' AS note
{%- endif %}
FROM (
    SELECT team.organization_id AS organization_id,
    c.date AS date,
    team.team_id AS team_id,
    count(DISTINCT m.user_id) AS members,
{%- if var('calcom__using_schedules') %}
    count(DISTINCT CASE WHEN (CASE WHEN (so.date IS NOT NULL) THEN (CAST(substr(so.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(so.end_time, 4, 2) AS INTEGER)) - (CAST(substr(so.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(so.start_time, 4, 2) AS INTEGER)) ELSE (CAST(substr(sa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(sa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(sa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(sa.start_time, 4, 2) AS INTEGER)) END > 0) THEN m.user_id END) AS scheduled,
    count(DISTINCT CASE WHEN (CASE WHEN (so.date IS NOT NULL) THEN (CAST(substr(so.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(so.end_time, 4, 2) AS INTEGER)) - (CAST(substr(so.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(so.start_time, 4, 2) AS INTEGER)) ELSE (CAST(substr(sa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(sa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(sa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(sa.start_time, 4, 2) AS INTEGER)) END > 0) THEN m.user_id END) - count(DISTINCT CASE WHEN (CASE WHEN (so.date IS NOT NULL) THEN (CAST(substr(so.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(so.end_time, 4, 2) AS INTEGER)) - (CAST(substr(so.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(so.start_time, 4, 2) AS INTEGER)) ELSE (CAST(substr(sa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(sa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(sa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(sa.start_time, 4, 2) AS INTEGER)) END > 0 AND x.user_id IS NOT NULL) THEN m.user_id END) AS available,
{%- else %}
    count(DISTINCT CASE WHEN (m.user_id IS NOT NULL) THEN m.user_id END) AS scheduled,
    count(DISTINCT CASE WHEN (m.user_id IS NOT NULL) THEN m.user_id END) - count(DISTINCT CASE WHEN (m.user_id IS NOT NULL AND x.user_id IS NOT NULL) THEN m.user_id END) AS available,
{%- endif %}
    max(n.minimum) AS minimum
    FROM (
        SELECT DISTINCT every_m.organization_id AS organization_id,
        every_m.team_id AS team_id
        FROM {{ ref('stg_calcom__team_memberships') }} AS every_m
    ) AS team
    JOIN {{ ref('int_calcom__calendar') }} AS c ON true
    LEFT OUTER JOIN {{ ref('stg_calcom__team_memberships') }} AS m ON m.organization_id = team.organization_id
    AND m.team_id = team.team_id
    AND m.accepted IS true
    AND m._calcom_deleted_at IS NULL
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
    ) AS default_schedule ON default_schedule.organization_id = m.organization_id
    AND default_schedule.owner_id = m.user_id
    LEFT OUTER JOIN {{ ref('stg_calcom__schedule_overrides') }} AS so ON so.organization_id = m.organization_id
    AND so.schedule_id = default_schedule.schedule_id
    AND so.date = c.date
    AND so._calcom_deleted_at IS NULL
    LEFT OUTER JOIN {{ ref('stg_calcom__schedule_availability') }} AS sa ON sa.organization_id = m.organization_id
    AND sa.schedule_id = default_schedule.schedule_id
    AND contains(CAST(sa.days AS VARCHAR), ('"' || c.weekday_name || '"'))
    AND sa._calcom_deleted_at IS NULL
{%- endif %}
    LEFT OUTER JOIN {{ ref('stg_calcom__ooo_entries') }} AS x ON x.organization_id = m.organization_id
    AND x.user_id = m.user_id
    AND c.date >= CAST((x.start_at) AS DATE)
    AND c.date <= CAST((x.end_at) AS DATE)
{%- if var('calcom__history') %}
    AND (coalesce(x.valid_to, x._calcom_deleted_at) IS NULL OR coalesce(x.valid_to, x._calcom_deleted_at) >= CAST(((CAST((c.date) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
{%- else %}
    AND (x._calcom_deleted_at IS NULL OR x._calcom_deleted_at >= CAST(((CAST((c.date) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
{%- endif %}
    LEFT OUTER JOIN {{ ref('int_calcom__team_minimums') }} AS n ON n.team_id = team.team_id
    GROUP BY team.organization_id,
    c.date,
    team.team_id
) AS counted
{% endmacro %}
