{# made by tools/make_dbt_package.py, do not edit #}
{% macro snowflake__rpt_write_back() %}
SELECT p.organization_id,
p.namespace,
p.plan_id,
p.kind AS plan_kind,
p.hash AS plan_hash,
p.status AS plan_status,
DATEADD(microsecond, CAST((p.created_at) * 1000000 AS BIGINT), CAST('1970-01-01' AS TIMESTAMP_NTZ)) AS created_at,
DATEADD(microsecond, CAST((p.applied_at) * 1000000 AS BIGINT), CAST('1970-01-01' AS TIMESTAMP_NTZ)) AS applied_at,
p.approved_by IS NOT NULL AS approved,
p.match_rate,
p.source_rows,
refusal.refused_by,
a.number,
a.kind AS action,
a.why,
a.status,
a.user_id,
a.attribute_id,
a.option_id,
a.ooo_id,
a.result_id,
a.code,
a.request_id,
a.attempts,
DATEADD(microsecond, CAST((a.sent_at) * 1000000 AS BIGINT), CAST('1970-01-01' AS TIMESTAMP_NTZ)) AS sent_at,
DATEADD(microsecond, CAST((a.done_at) * 1000000 AS BIGINT), CAST('1970-01-01' AS TIMESTAMP_NTZ)) AS done_at,
(
    SELECT e.requests
    FROM {{ ref('stg_calcom__writeback_entries') }} AS e
    WHERE e.organization_id = p.organization_id
    AND e.namespace = p.namespace
    AND e.ooo_id = coalesce(a.ooo_id, CASE WHEN (a.kind IN ('ooo_create', 'ooo_update', 'ooo_delete')) THEN CAST(a.result_id AS BIGINT) END)
) AS hr_requests
FROM {{ ref('stg_calcom__writeback_plans') }} AS p
JOIN (
    SELECT rp.plan_id AS plan_id,
    max(NULLIF(ARRAY_TO_STRING(ARRAY_SORT(ARRAY_DISTINCT(TRANSFORM(FILTER(CAST(GET_PATH(PARSE_JSON(rp.report), '["verdicts"]') AS ARRAY), one -> NOT CAST(GET_PATH(one, '["allowed"]') AS BOOLEAN)), one -> CAST(GET_PATH(one, '["guard"]') AS VARCHAR)))), ', '), '')) AS refused_by
    FROM {{ ref('stg_calcom__writeback_plans') }} AS rp
    GROUP BY rp.plan_id
) AS refusal ON refusal.plan_id = p.plan_id
LEFT OUTER JOIN {{ ref('stg_calcom__writeback_actions') }} AS a ON a.plan_id = p.plan_id
{% endmacro %}
