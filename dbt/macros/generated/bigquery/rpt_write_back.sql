{# made by tools/make_dbt_package.py, do not edit #}
{% macro bigquery__rpt_write_back() %}
SELECT p.organization_id,
p.namespace,
p.plan_id,
p.kind AS plan_kind,
p. `hash` AS plan_hash,
p.status AS plan_status,
TIMESTAMP_MICROS(CAST((p.created_at) * 1000000 AS INT64)) AS created_at,
TIMESTAMP_MICROS(CAST((p.applied_at) * 1000000 AS INT64)) AS applied_at,
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
TIMESTAMP_MICROS(CAST((a.sent_at) * 1000000 AS INT64)) AS sent_at,
TIMESTAMP_MICROS(CAST((a.done_at) * 1000000 AS INT64)) AS done_at,
(
    SELECT e.requests
    FROM {{ ref('stg_calcom__writeback_entries') }} AS e
    WHERE e.organization_id = p.organization_id
    AND e.namespace = p.namespace
    AND e.ooo_id = coalesce(a.ooo_id, CASE WHEN (a.kind IN ('ooo_create', 'ooo_update', 'ooo_delete')) THEN CAST(a.result_id AS INT64) END)
) AS hr_requests
FROM {{ ref('stg_calcom__writeback_plans') }} AS p
JOIN (
    SELECT rp.plan_id AS plan_id,
    max((
        SELECT STRING_AGG(DISTINCT JSON_VALUE(one, '$."guard"'), ', ' ORDER BY JSON_VALUE(one, '$."guard"'))
        FROM UNNEST(JSON_QUERY_ARRAY(rp.report, '$."verdicts"')) AS one
        WHERE JSON_VALUE(one, '$."allowed"') = 'false'
    )) AS refused_by
    FROM {{ ref('stg_calcom__writeback_plans') }} AS rp
    GROUP BY rp.plan_id
) AS refusal ON refusal.plan_id = p.plan_id
LEFT OUTER JOIN {{ ref('stg_calcom__writeback_actions') }} AS a ON a.plan_id = p.plan_id
{% endmacro %}
