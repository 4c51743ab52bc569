{# made by tools/make_dbt_package.py, do not edit #}
{% macro bigquery__dim_member_attribute() %}
SELECT x.organization_id,
x.user_id,
{%- if var('calcom__using_memberships') %}
membership.membership_id AS membership_id,
{%- else %}
CAST(NULL AS INT64) AS membership_id,
{%- endif %}
x.attribute_id,
a.slug AS attribute_slug,
a.type AS attribute_type,
x.option_id,
o.value AS option_value,
option_group.group_option,
{%- if var('calcom__history') %}
{%- if var('calcom__using_write_back') %}
CASE WHEN (x.is_current IS true AND x._calcom_deleted_at IS NULL) THEN manager.managed_by END AS managed_by,
{%- else %}
NULL AS managed_by,
{%- endif %}
x.valid_from AS valid_from,
coalesce(x.valid_to, x._calcom_deleted_at) AS valid_to,
x.is_current IS true
AND x._calcom_deleted_at IS NULL AS is_current,
NULL AS note
{%- else %}
{%- if var('calcom__using_write_back') %}
CASE WHEN (x._calcom_deleted_at IS NULL) THEN manager.managed_by END AS managed_by,
{%- else %}
NULL AS managed_by,
{%- endif %}
CAST(NULL AS TIMESTAMP) AS valid_from,
x._calcom_deleted_at AS valid_to,
x._calcom_deleted_at IS NULL AS is_current,
'{{ var('calcom_prefix') }}attribute_assignments without history: the present state stands for every day' AS note
{%- endif %}
FROM {{ ref('stg_calcom__attribute_assignments') }} AS x
LEFT OUTER JOIN {{ ref('stg_calcom__attributes') }} AS a ON a.organization_id = x.organization_id
AND a.id = x.attribute_id
AND a._calcom_deleted_at IS NULL
LEFT OUTER JOIN {{ ref('stg_calcom__attribute_options') }} AS o ON o.organization_id = x.organization_id
AND o.id = x.option_id
AND o.attribute_id = x.attribute_id
AND o._calcom_deleted_at IS NULL
LEFT OUTER JOIN (
    SELECT held_option.organization_id AS organization_id,
    held_option.attribute_id AS attribute_id,
    held_option.option_id AS option_id,
    min(g.value) AS group_option
    FROM (
        SELECT DISTINCT gx.organization_id AS organization_id,
        gx.attribute_id AS attribute_id,
        gx.option_id AS option_id
        FROM {{ ref('stg_calcom__attribute_assignments') }} AS gx
    ) AS held_option
    JOIN {{ ref('stg_calcom__attribute_options') }} AS g ON g.organization_id = held_option.organization_id
    AND g.attribute_id = held_option.attribute_id
    AND (STRPOS(CAST(g.contained_option_ids AS STRING), ('"' || held_option.option_id || '"')) > 0)
    WHERE g.is_group IS true
    AND g._calcom_deleted_at IS NULL
    GROUP BY held_option.organization_id,
    held_option.attribute_id,
    held_option.option_id
) AS option_group ON option_group.organization_id = x.organization_id
AND option_group.attribute_id = x.attribute_id
AND option_group.option_id = x.option_id
{%- if var('calcom__history') %}
{%- if var('calcom__using_write_back') %}
LEFT OUTER JOIN (
{%- if var('calcom__using_memberships') %}
    SELECT m.organization_id AS organization_id,
    m.user_id AS user_id,
    min(m.id) AS membership_id
    FROM {{ ref('stg_calcom__memberships') }} AS m
    WHERE m.is_current IS true
    AND m._calcom_deleted_at IS NULL
    GROUP BY m.organization_id,
    m.user_id
) AS membership ON membership.organization_id = x.organization_id
AND membership.user_id = x.user_id
LEFT OUTER JOIN (
{%- endif %}
    SELECT n.organization_id AS organization_id,
    n.user_id AS user_id,
    n.option_id AS option_id,
    min(n.namespace) AS managed_by
    FROM {{ ref('stg_calcom__writeback_assignments') }} AS n
    GROUP BY n.organization_id,
    n.user_id,
    n.option_id
) AS manager ON manager.organization_id = x.organization_id
AND manager.user_id = x.user_id
AND manager.option_id = x.option_id
{%- else %}
{%- if var('calcom__using_memberships') %}
LEFT OUTER JOIN (
    SELECT m.organization_id AS organization_id,
    m.user_id AS user_id,
    min(m.id) AS membership_id
    FROM {{ ref('stg_calcom__memberships') }} AS m
    WHERE m.is_current IS true
    AND m._calcom_deleted_at IS NULL
    GROUP BY m.organization_id,
    m.user_id
) AS membership ON membership.organization_id = x.organization_id
AND membership.user_id = x.user_id
{%- endif %}
{%- endif %}
{%- else %}
{%- if var('calcom__using_write_back') %}
LEFT OUTER JOIN (
{%- if var('calcom__using_memberships') %}
    SELECT m.organization_id AS organization_id,
    m.user_id AS user_id,
    min(m.id) AS membership_id
    FROM {{ ref('stg_calcom__memberships') }} AS m
    WHERE m._calcom_deleted_at IS NULL
    GROUP BY m.organization_id,
    m.user_id
) AS membership ON membership.organization_id = x.organization_id
AND membership.user_id = x.user_id
LEFT OUTER JOIN (
{%- endif %}
    SELECT n.organization_id AS organization_id,
    n.user_id AS user_id,
    n.option_id AS option_id,
    min(n.namespace) AS managed_by
    FROM {{ ref('stg_calcom__writeback_assignments') }} AS n
    GROUP BY n.organization_id,
    n.user_id,
    n.option_id
) AS manager ON manager.organization_id = x.organization_id
AND manager.user_id = x.user_id
AND manager.option_id = x.option_id
{%- else %}
{%- if var('calcom__using_memberships') %}
LEFT OUTER JOIN (
    SELECT m.organization_id AS organization_id,
    m.user_id AS user_id,
    min(m.id) AS membership_id
    FROM {{ ref('stg_calcom__memberships') }} AS m
    WHERE m._calcom_deleted_at IS NULL
    GROUP BY m.organization_id,
    m.user_id
) AS membership ON membership.organization_id = x.organization_id
AND membership.user_id = x.user_id
{%- endif %}
{%- endif %}
{%- endif %}
{% endmacro %}
