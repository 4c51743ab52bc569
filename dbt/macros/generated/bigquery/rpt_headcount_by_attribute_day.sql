{# made by tools/make_dbt_package.py, do not edit #}
{% macro bigquery__rpt_headcount_by_attribute_day() %}
SELECT h.organization_id,
h.date,
h.attribute_id,
h.attribute_slug,
h.option_id,
h.option_value,
CAST(h.members AS INT64) AS members,
CAST(h.accepted AS INT64) AS accepted_members,
CAST(h.scheduled AS INT64) AS members_with_schedule,
(CAST(100 AS FLOAT64) * (CAST(h.accepted AS INT64)) / NULLIF(total.accepted, 0)) AS share_of_org,
CAST(h.out_today AS INT64) AS out_today,
{%- if var('calcom__history') %}
NULL AS note
{%- else %}
'{{ var('calcom_prefix') }}memberships and {{ var('calcom_prefix') }}attribute_assignments without history: the present state stands for every day' AS note
{%- endif %}
FROM (
    SELECT part.organization_id AS organization_id,
    part.date AS date,
    part.attribute_id AS attribute_id,
    part.attribute_slug AS attribute_slug,
    part.option_id AS option_id,
    part.option_value AS option_value,
    sum(part.members) AS members,
    sum(part.accepted) AS accepted,
    sum(part.scheduled) AS scheduled,
    sum(part.out_today) AS out_today
    FROM (
        SELECT thing.organization_id AS organization_id,
        thing.attribute_id AS attribute_id,
        thing.attribute_slug AS attribute_slug,
        thing.option_id AS option_id,
        thing.option_value AS option_value,
        c.date AS date,
        0 AS members,
        0 AS accepted,
{%- if var('calcom__using_schedules') %}
        0 AS scheduled,
{%- else %}
        CAST(NULL AS INT64) AS scheduled,
{%- endif %}
{%- if var('calcom__using_ooo_entries') %}
        0 AS out_today
{%- else %}
        CAST(NULL AS INT64) AS out_today
{%- endif %}
        FROM (
            SELECT o.organization_id AS organization_id,
            o.attribute_id AS attribute_id,
            a.slug AS attribute_slug,
            o.id AS option_id,
            o.value AS option_value
            FROM {{ ref('stg_calcom__attributes') }} AS a
            JOIN {{ ref('stg_calcom__attribute_options') }} AS o ON a.organization_id = o.organization_id
            AND a.id = o.attribute_id
            WHERE a.enabled IS true
            AND a._calcom_deleted_at IS NULL
            AND o._calcom_deleted_at IS NULL
        ) AS thing
{%- if var('calcom__history') %}
        JOIN (
            SELECT fm.organization_id AS organization_id,
            CAST((min(fm.valid_from)) AS DATE) AS first_day
            FROM {{ ref('stg_calcom__memberships') }} AS fm
            GROUP BY fm.organization_id
        ) AS first ON first.organization_id = thing.organization_id
        JOIN {{ ref('int_calcom__calendar') }} AS c ON c.date >= first.first_day
{%- else %}
        JOIN {{ ref('int_calcom__calendar') }} AS c ON true
{%- endif %}
        UNION ALL
        SELECT thing.organization_id AS organization_id,
        thing.attribute_id AS attribute_id,
        thing.attribute_slug AS attribute_slug,
        thing.option_id AS option_id,
        thing.option_value AS option_value,
        c.date AS date,
        0 AS members,
        0 AS accepted,
{%- if var('calcom__using_schedules') %}
        0 AS scheduled,
{%- else %}
        CAST(NULL AS INT64) AS scheduled,
{%- endif %}
{%- if var('calcom__using_ooo_entries') %}
        0 AS out_today
{%- else %}
        CAST(NULL AS INT64) AS out_today
{%- endif %}
        FROM (
            SELECT wa.organization_id AS organization_id,
            wa.id AS attribute_id,
            wa.slug AS attribute_slug,
            NULL AS option_id,
            '(none)' AS option_value
            FROM {{ ref('stg_calcom__attributes') }} AS wa
            WHERE wa.enabled IS true
            AND wa._calcom_deleted_at IS NULL
        ) AS thing
{%- if var('calcom__history') %}
        JOIN (
            SELECT fm.organization_id AS organization_id,
            CAST((min(fm.valid_from)) AS DATE) AS first_day
            FROM {{ ref('stg_calcom__memberships') }} AS fm
            GROUP BY fm.organization_id
        ) AS first ON first.organization_id = thing.organization_id
        JOIN {{ ref('int_calcom__calendar') }} AS c ON c.date >= first.first_day
{%- else %}
        JOIN {{ ref('int_calcom__calendar') }} AS c ON true
{%- endif %}
        UNION ALL
        SELECT alike.organization_id AS organization_id,
        alike.attribute_id AS attribute_id,
        alike.attribute_slug AS attribute_slug,
        alike.option_id AS option_id,
        alike.option_value AS option_value,
        hc.date AS date,
        alike.members AS members,
        alike.accepted AS accepted,
{%- if var('calcom__using_schedules') %}
        alike.scheduled AS scheduled,
{%- else %}
        CAST(NULL AS INT64) AS scheduled,
{%- endif %}
{%- if var('calcom__using_ooo_entries') %}
        0 AS out_today
{%- else %}
        CAST(NULL AS INT64) AS out_today
{%- endif %}
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            span.first_day AS first_day,
            span.end_day AS end_day,
            sum(1 * (1 - span.accepted)) AS members,
            sum(1 * span.accepted) AS accepted,
{%- if var('calcom__using_schedules') %}
            sum(CASE WHEN (span.schedule_id IS NOT NULL) THEN 1 * span.accepted ELSE 0 END) AS scheduled
{%- else %}
            sum(CASE WHEN (CAST(NULL AS INT64) IS NOT NULL) THEN 1 * span.accepted ELSE 0 END) AS scheduled
{%- endif %}
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                before.schedule_id AS schedule_id,
{%- endif %}
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                    any_span.schedule_id AS schedule_id,
{%- endif %}
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
{%- if var('calcom__using_schedules') %}
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.schedule_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
{%- else %}
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
{%- endif %}
                    FROM (
                        SELECT holding.organization_id AS organization_id,
                        holding.attribute_id AS attribute_id,
                        holding.attribute_slug AS attribute_slug,
                        holding.option_id AS option_id,
                        holding.option_value AS option_value,
                        holding.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                        default_schedule.schedule_id AS schedule_id,
{%- endif %}
                        0 AS accepted,
                        CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT option.organization_id AS organization_id,
                            option.attribute_id AS attribute_id,
                            option.attribute_slug AS attribute_slug,
                            option.option_id AS option_id,
                            option.option_value AS option_value,
                            x.user_id AS user_id,
{%- if var('calcom__history') %}
                            CAST((x.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(x.valid_to, x._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM (
                                SELECT o.organization_id AS organization_id,
                                o.attribute_id AS attribute_id,
                                a.slug AS attribute_slug,
                                o.id AS option_id,
                                o.value AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS a
                                JOIN {{ ref('stg_calcom__attribute_options') }} AS o ON a.organization_id = o.organization_id
                                AND a.id = o.attribute_id
                                WHERE a.enabled IS true
                                AND a._calcom_deleted_at IS NULL
                                AND o._calcom_deleted_at IS NULL
                            ) AS option
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS x ON x.organization_id = option.organization_id
                            AND x.attribute_id = option.attribute_id
                            AND x.option_id = option.option_id
{%- if var('calcom__history') %}
                            WHERE true
{%- else %}
                            WHERE x._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
{%- if var('calcom__history') %}
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
{%- if not (var('calcom__history')) %}
                            AND mm._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS m ON m.organization_id = holding.organization_id
                        AND m.user_id = holding.user_id
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
{%- endif %}
                        WHERE CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END < CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END
                        UNION ALL
                        SELECT holding.organization_id AS organization_id,
                        holding.attribute_id AS attribute_id,
                        holding.attribute_slug AS attribute_slug,
                        holding.option_id AS option_id,
                        holding.option_value AS option_value,
                        holding.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                        default_schedule.schedule_id AS schedule_id,
{%- endif %}
                        1 AS accepted,
                        CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT option.organization_id AS organization_id,
                            option.attribute_id AS attribute_id,
                            option.attribute_slug AS attribute_slug,
                            option.option_id AS option_id,
                            option.option_value AS option_value,
                            x.user_id AS user_id,
{%- if var('calcom__history') %}
                            CAST((x.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(x.valid_to, x._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM (
                                SELECT o.organization_id AS organization_id,
                                o.attribute_id AS attribute_id,
                                a.slug AS attribute_slug,
                                o.id AS option_id,
                                o.value AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS a
                                JOIN {{ ref('stg_calcom__attribute_options') }} AS o ON a.organization_id = o.organization_id
                                AND a.id = o.attribute_id
                                WHERE a.enabled IS true
                                AND a._calcom_deleted_at IS NULL
                                AND o._calcom_deleted_at IS NULL
                            ) AS option
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS x ON x.organization_id = option.organization_id
                            AND x.attribute_id = option.attribute_id
                            AND x.option_id = option.option_id
{%- if var('calcom__history') %}
                            WHERE true
{%- else %}
                            WHERE x._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
{%- if var('calcom__history') %}
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
{%- if not (var('calcom__history')) %}
                            AND mm._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS m ON m.organization_id = holding.organization_id
                        AND m.user_id = holding.user_id
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
{%- endif %}
                        WHERE CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END < CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            span.first_day,
            span.end_day
        ) AS alike
        JOIN {{ ref('int_calcom__calendar') }} AS hc ON alike.first_day <= hc.date
        AND hc.date < alike.end_day
        UNION ALL
{%- if var('calcom__history') %}
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        0 AS scheduled,
        1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT holding.organization_id AS organization_id,
                        holding.attribute_id AS attribute_id,
                        holding.attribute_slug AS attribute_slug,
                        holding.option_id AS option_id,
                        holding.option_value AS option_value,
                        holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT option.organization_id AS organization_id,
                            option.attribute_id AS attribute_id,
                            option.attribute_slug AS attribute_slug,
                            option.option_id AS option_id,
                            option.option_value AS option_value,
                            x.user_id AS user_id,
                            CAST((x.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(x.valid_to, x._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM (
                                SELECT o.organization_id AS organization_id,
                                o.attribute_id AS attribute_id,
                                a.slug AS attribute_slug,
                                o.id AS option_id,
                                o.value AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS a
                                JOIN {{ ref('stg_calcom__attribute_options') }} AS o ON a.organization_id = o.organization_id
                                AND a.id = o.attribute_id
                                WHERE a.enabled IS true
                                AND a._calcom_deleted_at IS NULL
                                AND o._calcom_deleted_at IS NULL
                            ) AS option
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS x ON x.organization_id = option.organization_id
                            AND x.attribute_id = option.attribute_id
                            AND x.option_id = option.option_id
                            WHERE true
                        ) AS holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                        ) AS m ON m.organization_id = holding.organization_id
                        AND m.user_id = holding.user_id
                        WHERE CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END < CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE coalesce(oo.valid_to, oo._calcom_deleted_at) IS NULL
                OR coalesce(oo.valid_to, oo._calcom_deleted_at) >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            out_day.date
        ) AS absent
        UNION ALL
{%- endif %}
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        CAST(NULL AS INT64) AS scheduled,
        1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT holding.organization_id AS organization_id,
                        holding.attribute_id AS attribute_id,
                        holding.attribute_slug AS attribute_slug,
                        holding.option_id AS option_id,
                        holding.option_value AS option_value,
                        holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT option.organization_id AS organization_id,
                            option.attribute_id AS attribute_id,
                            option.attribute_slug AS attribute_slug,
                            option.option_id AS option_id,
                            option.option_value AS option_value,
                            x.user_id AS user_id,
                            CAST((x.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(x.valid_to, x._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM (
                                SELECT o.organization_id AS organization_id,
                                o.attribute_id AS attribute_id,
                                a.slug AS attribute_slug,
                                o.id AS option_id,
                                o.value AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS a
                                JOIN {{ ref('stg_calcom__attribute_options') }} AS o ON a.organization_id = o.organization_id
                                AND a.id = o.attribute_id
                                WHERE a.enabled IS true
                                AND a._calcom_deleted_at IS NULL
                                AND o._calcom_deleted_at IS NULL
                            ) AS option
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS x ON x.organization_id = option.organization_id
                            AND x.attribute_id = option.attribute_id
                            AND x.option_id = option.option_id
                            WHERE true
                        ) AS holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                        ) AS m ON m.organization_id = holding.organization_id
                        AND m.user_id = holding.user_id
                        WHERE CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END < CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE coalesce(oo.valid_to, oo._calcom_deleted_at) IS NULL
                OR coalesce(oo.valid_to, oo._calcom_deleted_at) >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            out_day.date
        ) AS absent
        UNION ALL
{%- endif %}
{%- endif %}
{%- else %}
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        0 AS scheduled,
        1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT holding.organization_id AS organization_id,
                        holding.attribute_id AS attribute_id,
                        holding.attribute_slug AS attribute_slug,
                        holding.option_id AS option_id,
                        holding.option_value AS option_value,
                        holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT option.organization_id AS organization_id,
                            option.attribute_id AS attribute_id,
                            option.attribute_slug AS attribute_slug,
                            option.option_id AS option_id,
                            option.option_value AS option_value,
                            x.user_id AS user_id,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM (
                                SELECT o.organization_id AS organization_id,
                                o.attribute_id AS attribute_id,
                                a.slug AS attribute_slug,
                                o.id AS option_id,
                                o.value AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS a
                                JOIN {{ ref('stg_calcom__attribute_options') }} AS o ON a.organization_id = o.organization_id
                                AND a.id = o.attribute_id
                                WHERE a.enabled IS true
                                AND a._calcom_deleted_at IS NULL
                                AND o._calcom_deleted_at IS NULL
                            ) AS option
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS x ON x.organization_id = option.organization_id
                            AND x.attribute_id = option.attribute_id
                            AND x.option_id = option.option_id
                            WHERE x._calcom_deleted_at IS NULL
                        ) AS holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                            AND mm._calcom_deleted_at IS NULL
                        ) AS m ON m.organization_id = holding.organization_id
                        AND m.user_id = holding.user_id
                        WHERE CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END < CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE oo._calcom_deleted_at IS NULL
                OR oo._calcom_deleted_at >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            out_day.date
        ) AS absent
        UNION ALL
{%- endif %}
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        CAST(NULL AS INT64) AS scheduled,
        1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT holding.organization_id AS organization_id,
                        holding.attribute_id AS attribute_id,
                        holding.attribute_slug AS attribute_slug,
                        holding.option_id AS option_id,
                        holding.option_value AS option_value,
                        holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT option.organization_id AS organization_id,
                            option.attribute_id AS attribute_id,
                            option.attribute_slug AS attribute_slug,
                            option.option_id AS option_id,
                            option.option_value AS option_value,
                            x.user_id AS user_id,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM (
                                SELECT o.organization_id AS organization_id,
                                o.attribute_id AS attribute_id,
                                a.slug AS attribute_slug,
                                o.id AS option_id,
                                o.value AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS a
                                JOIN {{ ref('stg_calcom__attribute_options') }} AS o ON a.organization_id = o.organization_id
                                AND a.id = o.attribute_id
                                WHERE a.enabled IS true
                                AND a._calcom_deleted_at IS NULL
                                AND o._calcom_deleted_at IS NULL
                            ) AS option
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS x ON x.organization_id = option.organization_id
                            AND x.attribute_id = option.attribute_id
                            AND x.option_id = option.option_id
                            WHERE x._calcom_deleted_at IS NULL
                        ) AS holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                            AND mm._calcom_deleted_at IS NULL
                        ) AS m ON m.organization_id = holding.organization_id
                        AND m.user_id = holding.user_id
                        WHERE CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END < CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE oo._calcom_deleted_at IS NULL
                OR oo._calcom_deleted_at >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            out_day.date
        ) AS absent
        UNION ALL
{%- endif %}
{%- endif %}
{%- endif %}
        SELECT alike.organization_id AS organization_id,
        alike.attribute_id AS attribute_id,
        alike.attribute_slug AS attribute_slug,
        alike.option_id AS option_id,
        alike.option_value AS option_value,
        hc.date AS date,
        alike.members AS members,
        alike.accepted AS accepted,
{%- if var('calcom__using_schedules') %}
        alike.scheduled AS scheduled,
{%- else %}
        CAST(NULL AS INT64) AS scheduled,
{%- endif %}
{%- if var('calcom__using_ooo_entries') %}
        0 AS out_today
{%- else %}
        CAST(NULL AS INT64) AS out_today
{%- endif %}
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            span.first_day AS first_day,
            span.end_day AS end_day,
            sum(-1 * (1 - span.accepted)) AS members,
            sum(-1 * span.accepted) AS accepted,
{%- if var('calcom__using_schedules') %}
            sum(CASE WHEN (span.schedule_id IS NOT NULL) THEN -1 * span.accepted ELSE 0 END) AS scheduled
{%- else %}
            sum(CASE WHEN (CAST(NULL AS INT64) IS NOT NULL) THEN -1 * span.accepted ELSE 0 END) AS scheduled
{%- endif %}
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                before.schedule_id AS schedule_id,
{%- endif %}
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                    any_span.schedule_id AS schedule_id,
{%- endif %}
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
{%- if var('calcom__using_schedules') %}
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.schedule_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
{%- else %}
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
{%- endif %}
                    FROM (
                        SELECT any_holding.organization_id AS organization_id,
                        any_holding.attribute_id AS attribute_id,
                        any_holding.attribute_slug AS attribute_slug,
                        any_holding.option_id AS option_id,
                        any_holding.option_value AS option_value,
                        any_holding.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                        default_schedule.schedule_id AS schedule_id,
{%- endif %}
                        0 AS accepted,
                        CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT attribute.organization_id AS organization_id,
                            attribute.attribute_id AS attribute_id,
                            attribute.attribute_slug AS attribute_slug,
                            attribute.option_id AS option_id,
                            attribute.option_value AS option_value,
                            wx.user_id AS user_id,
{%- if var('calcom__history') %}
                            CAST((wx.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(wx.valid_to, wx._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM (
                                SELECT wa.organization_id AS organization_id,
                                wa.id AS attribute_id,
                                wa.slug AS attribute_slug,
                                NULL AS option_id,
                                '(none)' AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS wa
                                WHERE wa.enabled IS true
                                AND wa._calcom_deleted_at IS NULL
                            ) AS attribute
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS wx ON attribute.organization_id = wx.organization_id
                            AND attribute.attribute_id = wx.attribute_id
{%- if var('calcom__history') %}
                            WHERE true
{%- else %}
                            WHERE wx._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS any_holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
{%- if var('calcom__history') %}
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
{%- if not (var('calcom__history')) %}
                            AND mm._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS m ON m.organization_id = any_holding.organization_id
                        AND m.user_id = any_holding.user_id
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
{%- endif %}
                        WHERE CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END < CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END
                        UNION ALL
                        SELECT any_holding.organization_id AS organization_id,
                        any_holding.attribute_id AS attribute_id,
                        any_holding.attribute_slug AS attribute_slug,
                        any_holding.option_id AS option_id,
                        any_holding.option_value AS option_value,
                        any_holding.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                        default_schedule.schedule_id AS schedule_id,
{%- endif %}
                        1 AS accepted,
                        CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT attribute.organization_id AS organization_id,
                            attribute.attribute_id AS attribute_id,
                            attribute.attribute_slug AS attribute_slug,
                            attribute.option_id AS option_id,
                            attribute.option_value AS option_value,
                            wx.user_id AS user_id,
{%- if var('calcom__history') %}
                            CAST((wx.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(wx.valid_to, wx._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM (
                                SELECT wa.organization_id AS organization_id,
                                wa.id AS attribute_id,
                                wa.slug AS attribute_slug,
                                NULL AS option_id,
                                '(none)' AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS wa
                                WHERE wa.enabled IS true
                                AND wa._calcom_deleted_at IS NULL
                            ) AS attribute
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS wx ON attribute.organization_id = wx.organization_id
                            AND attribute.attribute_id = wx.attribute_id
{%- if var('calcom__history') %}
                            WHERE true
{%- else %}
                            WHERE wx._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS any_holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
{%- if var('calcom__history') %}
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
{%- if not (var('calcom__history')) %}
                            AND mm._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS m ON m.organization_id = any_holding.organization_id
                        AND m.user_id = any_holding.user_id
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
{%- endif %}
                        WHERE CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END < CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            span.first_day,
            span.end_day
        ) AS alike
        JOIN {{ ref('int_calcom__calendar') }} AS hc ON alike.first_day <= hc.date
        AND hc.date < alike.end_day
        UNION ALL
{%- if var('calcom__history') %}
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        0 AS scheduled,
        -1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT any_holding.organization_id AS organization_id,
                        any_holding.attribute_id AS attribute_id,
                        any_holding.attribute_slug AS attribute_slug,
                        any_holding.option_id AS option_id,
                        any_holding.option_value AS option_value,
                        any_holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT attribute.organization_id AS organization_id,
                            attribute.attribute_id AS attribute_id,
                            attribute.attribute_slug AS attribute_slug,
                            attribute.option_id AS option_id,
                            attribute.option_value AS option_value,
                            wx.user_id AS user_id,
                            CAST((wx.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(wx.valid_to, wx._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM (
                                SELECT wa.organization_id AS organization_id,
                                wa.id AS attribute_id,
                                wa.slug AS attribute_slug,
                                NULL AS option_id,
                                '(none)' AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS wa
                                WHERE wa.enabled IS true
                                AND wa._calcom_deleted_at IS NULL
                            ) AS attribute
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS wx ON attribute.organization_id = wx.organization_id
                            AND attribute.attribute_id = wx.attribute_id
                            WHERE true
                        ) AS any_holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                        ) AS m ON m.organization_id = any_holding.organization_id
                        AND m.user_id = any_holding.user_id
                        WHERE CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END < CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE coalesce(oo.valid_to, oo._calcom_deleted_at) IS NULL
                OR coalesce(oo.valid_to, oo._calcom_deleted_at) >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            out_day.date
        ) AS absent
        UNION ALL
{%- endif %}
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        CAST(NULL AS INT64) AS scheduled,
        -1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT any_holding.organization_id AS organization_id,
                        any_holding.attribute_id AS attribute_id,
                        any_holding.attribute_slug AS attribute_slug,
                        any_holding.option_id AS option_id,
                        any_holding.option_value AS option_value,
                        any_holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT attribute.organization_id AS organization_id,
                            attribute.attribute_id AS attribute_id,
                            attribute.attribute_slug AS attribute_slug,
                            attribute.option_id AS option_id,
                            attribute.option_value AS option_value,
                            wx.user_id AS user_id,
                            CAST((wx.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(wx.valid_to, wx._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM (
                                SELECT wa.organization_id AS organization_id,
                                wa.id AS attribute_id,
                                wa.slug AS attribute_slug,
                                NULL AS option_id,
                                '(none)' AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS wa
                                WHERE wa.enabled IS true
                                AND wa._calcom_deleted_at IS NULL
                            ) AS attribute
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS wx ON attribute.organization_id = wx.organization_id
                            AND attribute.attribute_id = wx.attribute_id
                            WHERE true
                        ) AS any_holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                        ) AS m ON m.organization_id = any_holding.organization_id
                        AND m.user_id = any_holding.user_id
                        WHERE CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END < CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE coalesce(oo.valid_to, oo._calcom_deleted_at) IS NULL
                OR coalesce(oo.valid_to, oo._calcom_deleted_at) >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            out_day.date
        ) AS absent
        UNION ALL
{%- endif %}
{%- endif %}
{%- else %}
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        0 AS scheduled,
        -1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT any_holding.organization_id AS organization_id,
                        any_holding.attribute_id AS attribute_id,
                        any_holding.attribute_slug AS attribute_slug,
                        any_holding.option_id AS option_id,
                        any_holding.option_value AS option_value,
                        any_holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT attribute.organization_id AS organization_id,
                            attribute.attribute_id AS attribute_id,
                            attribute.attribute_slug AS attribute_slug,
                            attribute.option_id AS option_id,
                            attribute.option_value AS option_value,
                            wx.user_id AS user_id,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM (
                                SELECT wa.organization_id AS organization_id,
                                wa.id AS attribute_id,
                                wa.slug AS attribute_slug,
                                NULL AS option_id,
                                '(none)' AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS wa
                                WHERE wa.enabled IS true
                                AND wa._calcom_deleted_at IS NULL
                            ) AS attribute
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS wx ON attribute.organization_id = wx.organization_id
                            AND attribute.attribute_id = wx.attribute_id
                            WHERE wx._calcom_deleted_at IS NULL
                        ) AS any_holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                            AND mm._calcom_deleted_at IS NULL
                        ) AS m ON m.organization_id = any_holding.organization_id
                        AND m.user_id = any_holding.user_id
                        WHERE CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END < CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE oo._calcom_deleted_at IS NULL
                OR oo._calcom_deleted_at >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            out_day.date
        ) AS absent
        UNION ALL
{%- endif %}
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        CAST(NULL AS INT64) AS scheduled,
        -1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.attribute_id AS attribute_id,
                    any_span.attribute_slug AS attribute_slug,
                    any_span.option_id AS option_id,
                    any_span.option_value AS option_value,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.attribute_id, any_span.attribute_slug, any_span.option_id, any_span.option_value, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT any_holding.organization_id AS organization_id,
                        any_holding.attribute_id AS attribute_id,
                        any_holding.attribute_slug AS attribute_slug,
                        any_holding.option_id AS option_id,
                        any_holding.option_value AS option_value,
                        any_holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END AS end_day
                        FROM (
                            SELECT attribute.organization_id AS organization_id,
                            attribute.attribute_id AS attribute_id,
                            attribute.attribute_slug AS attribute_slug,
                            attribute.option_id AS option_id,
                            attribute.option_value AS option_value,
                            wx.user_id AS user_id,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM (
                                SELECT wa.organization_id AS organization_id,
                                wa.id AS attribute_id,
                                wa.slug AS attribute_slug,
                                NULL AS option_id,
                                '(none)' AS option_value
                                FROM {{ ref('stg_calcom__attributes') }} AS wa
                                WHERE wa.enabled IS true
                                AND wa._calcom_deleted_at IS NULL
                            ) AS attribute
                            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS wx ON attribute.organization_id = wx.organization_id
                            AND attribute.attribute_id = wx.attribute_id
                            WHERE wx._calcom_deleted_at IS NULL
                        ) AS any_holding
                        JOIN (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                            AND mm._calcom_deleted_at IS NULL
                        ) AS m ON m.organization_id = any_holding.organization_id
                        AND m.user_id = any_holding.user_id
                        WHERE CASE WHEN (any_holding.first_day > m.first_day) THEN any_holding.first_day ELSE m.first_day END < CASE WHEN (any_holding.end_day < m.end_day) THEN any_holding.end_day ELSE m.end_day END
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE oo._calcom_deleted_at IS NULL
                OR oo._calcom_deleted_at >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            span.attribute_id,
            span.attribute_slug,
            span.option_id,
            span.option_value,
            out_day.date
        ) AS absent
        UNION ALL
{%- endif %}
{%- endif %}
{%- endif %}
        SELECT attribute.organization_id AS organization_id,
        attribute.attribute_id AS attribute_id,
        attribute.attribute_slug AS attribute_slug,
        attribute.option_id AS option_id,
        attribute.option_value AS option_value,
        hc.date AS date,
        alike.members AS members,
        alike.accepted AS accepted,
{%- if var('calcom__using_schedules') %}
        alike.scheduled AS scheduled,
{%- else %}
        CAST(NULL AS INT64) AS scheduled,
{%- endif %}
{%- if var('calcom__using_ooo_entries') %}
        0 AS out_today
{%- else %}
        CAST(NULL AS INT64) AS out_today
{%- endif %}
        FROM (
            SELECT span.organization_id AS organization_id,
            span.first_day AS first_day,
            span.end_day AS end_day,
            sum(1 * (1 - span.accepted)) AS members,
            sum(1 * span.accepted) AS accepted,
{%- if var('calcom__using_schedules') %}
            sum(CASE WHEN (span.schedule_id IS NOT NULL) THEN 1 * span.accepted ELSE 0 END) AS scheduled
{%- else %}
            sum(CASE WHEN (CAST(NULL AS INT64) IS NOT NULL) THEN 1 * span.accepted ELSE 0 END) AS scheduled
{%- endif %}
            FROM (
                SELECT before.organization_id AS organization_id,
                before.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                before.schedule_id AS schedule_id,
{%- endif %}
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                    any_span.schedule_id AS schedule_id,
{%- endif %}
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
{%- if var('calcom__using_schedules') %}
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.user_id, any_span.schedule_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
{%- else %}
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
{%- endif %}
                    FROM (
                        SELECT m.organization_id AS organization_id,
                        m.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                        default_schedule.schedule_id AS schedule_id,
{%- endif %}
                        0 AS accepted,
                        m.first_day AS first_day,
                        m.end_day AS end_day
                        FROM (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
{%- if var('calcom__history') %}
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
{%- if not (var('calcom__history')) %}
                            AND mm._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS m
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
{%- endif %}
                        WHERE m.first_day < m.end_day
                        UNION ALL
                        SELECT m.organization_id AS organization_id,
                        m.user_id AS user_id,
{%- if var('calcom__using_schedules') %}
                        default_schedule.schedule_id AS schedule_id,
{%- endif %}
                        1 AS accepted,
                        m.first_day AS first_day,
                        m.end_day AS end_day
                        FROM (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
{%- if var('calcom__history') %}
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
{%- if not (var('calcom__history')) %}
                            AND mm._calcom_deleted_at IS NULL
{%- endif %}
                        ) AS m
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
{%- endif %}
                        WHERE m.first_day < m.end_day
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            GROUP BY span.organization_id,
            span.first_day,
            span.end_day
        ) AS alike
        JOIN (
            SELECT wa.organization_id AS organization_id,
            wa.id AS attribute_id,
            wa.slug AS attribute_slug,
            NULL AS option_id,
            '(none)' AS option_value
            FROM {{ ref('stg_calcom__attributes') }} AS wa
            WHERE wa.enabled IS true
            AND wa._calcom_deleted_at IS NULL
        ) AS attribute ON attribute.organization_id = alike.organization_id
        JOIN {{ ref('int_calcom__calendar') }} AS hc ON alike.first_day <= hc.date
        AND hc.date < alike.end_day
{%- if var('calcom__history') %}
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        UNION ALL
        SELECT attribute.organization_id AS organization_id,
        attribute.attribute_id AS attribute_id,
        attribute.attribute_slug AS attribute_slug,
        attribute.option_id AS option_id,
        attribute.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        0 AS scheduled,
        1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT m.organization_id AS organization_id,
                        m.user_id AS user_id,
                        1 AS accepted,
                        m.first_day AS first_day,
                        m.end_day AS end_day
                        FROM (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                        ) AS m
                        WHERE m.first_day < m.end_day
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE coalesce(oo.valid_to, oo._calcom_deleted_at) IS NULL
                OR coalesce(oo.valid_to, oo._calcom_deleted_at) >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            out_day.date
        ) AS absent
        JOIN (
            SELECT wa.organization_id AS organization_id,
            wa.id AS attribute_id,
            wa.slug AS attribute_slug,
            NULL AS option_id,
            '(none)' AS option_value
            FROM {{ ref('stg_calcom__attributes') }} AS wa
            WHERE wa.enabled IS true
            AND wa._calcom_deleted_at IS NULL
        ) AS attribute ON attribute.organization_id = absent.organization_id
{%- endif %}
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
        UNION ALL
        SELECT attribute.organization_id AS organization_id,
        attribute.attribute_id AS attribute_id,
        attribute.attribute_slug AS attribute_slug,
        attribute.option_id AS option_id,
        attribute.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        CAST(NULL AS INT64) AS scheduled,
        1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT m.organization_id AS organization_id,
                        m.user_id AS user_id,
                        1 AS accepted,
                        m.first_day AS first_day,
                        m.end_day AS end_day
                        FROM (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            CAST((mm.valid_from) AS DATE) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                        ) AS m
                        WHERE m.first_day < m.end_day
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE coalesce(oo.valid_to, oo._calcom_deleted_at) IS NULL
                OR coalesce(oo.valid_to, oo._calcom_deleted_at) >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            out_day.date
        ) AS absent
        JOIN (
            SELECT wa.organization_id AS organization_id,
            wa.id AS attribute_id,
            wa.slug AS attribute_slug,
            NULL AS option_id,
            '(none)' AS option_value
            FROM {{ ref('stg_calcom__attributes') }} AS wa
            WHERE wa.enabled IS true
            AND wa._calcom_deleted_at IS NULL
        ) AS attribute ON attribute.organization_id = absent.organization_id
{%- endif %}
{%- endif %}
{%- else %}
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        UNION ALL
        SELECT attribute.organization_id AS organization_id,
        attribute.attribute_id AS attribute_id,
        attribute.attribute_slug AS attribute_slug,
        attribute.option_id AS option_id,
        attribute.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        0 AS scheduled,
        1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT m.organization_id AS organization_id,
                        m.user_id AS user_id,
                        1 AS accepted,
                        m.first_day AS first_day,
                        m.end_day AS end_day
                        FROM (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                            AND mm._calcom_deleted_at IS NULL
                        ) AS m
                        WHERE m.first_day < m.end_day
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE oo._calcom_deleted_at IS NULL
                OR oo._calcom_deleted_at >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            out_day.date
        ) AS absent
        JOIN (
            SELECT wa.organization_id AS organization_id,
            wa.id AS attribute_id,
            wa.slug AS attribute_slug,
            NULL AS option_id,
            '(none)' AS option_value
            FROM {{ ref('stg_calcom__attributes') }} AS wa
            WHERE wa.enabled IS true
            AND wa._calcom_deleted_at IS NULL
        ) AS attribute ON attribute.organization_id = absent.organization_id
{%- endif %}
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
        UNION ALL
        SELECT attribute.organization_id AS organization_id,
        attribute.attribute_id AS attribute_id,
        attribute.attribute_slug AS attribute_slug,
        attribute.option_id AS option_id,
        attribute.option_value AS option_value,
        absent.date AS date,
        0 AS members,
        0 AS accepted,
        CAST(NULL AS INT64) AS scheduled,
        1 * absent.people AS out_today
        FROM (
            SELECT span.organization_id AS organization_id,
            out_day.date AS date,
            count(DISTINCT span.user_id) AS people
            FROM (
                SELECT before.organization_id AS organization_id,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
                FROM (
                    SELECT any_span.organization_id AS organization_id,
                    any_span.user_id AS user_id,
                    any_span.accepted AS accepted,
                    any_span.first_day AS first_day,
                    any_span.end_day AS end_day,
                    max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                    FROM (
                        SELECT m.organization_id AS organization_id,
                        m.user_id AS user_id,
                        1 AS accepted,
                        m.first_day AS first_day,
                        m.end_day AS end_day
                        FROM (
                            SELECT mm.organization_id AS organization_id,
                            mm.user_id AS user_id,
                            mm.accepted AS accepted,
                            DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                            DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
                            FROM {{ ref('stg_calcom__memberships') }} AS mm
                            WHERE mm.user_id IS NOT NULL
                            AND mm._calcom_deleted_at IS NULL
                        ) AS m
                        WHERE m.first_day < m.end_day
                        AND m.accepted IS true
                    ) AS any_span
                ) AS before
                WHERE before.seen IS NULL
                OR before.seen < before.end_day
            ) AS span
            JOIN (
                SELECT DISTINCT oo.organization_id AS organization_id,
                oo.user_id AS user_id,
                oc.date AS date
                FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AS DATE)
                AND oc.date <= CAST((oo.end_at) AS DATE)
                WHERE oo._calcom_deleted_at IS NULL
                OR oo._calcom_deleted_at >= CAST((DATE_ADD(CAST((oc.date) AS DATE), INTERVAL CAST((1) AS INT64) DAY)) AS TIMESTAMP)
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
            GROUP BY span.organization_id,
            out_day.date
        ) AS absent
        JOIN (
            SELECT wa.organization_id AS organization_id,
            wa.id AS attribute_id,
            wa.slug AS attribute_slug,
            NULL AS option_id,
            '(none)' AS option_value
            FROM {{ ref('stg_calcom__attributes') }} AS wa
            WHERE wa.enabled IS true
            AND wa._calcom_deleted_at IS NULL
        ) AS attribute ON attribute.organization_id = absent.organization_id
{%- endif %}
{%- endif %}
{%- endif %}
    ) AS part
    GROUP BY part.organization_id,
    part.date,
    part.attribute_id,
    part.attribute_slug,
    part.option_id,
    part.option_value
) AS h
LEFT OUTER JOIN (
    SELECT alike.organization_id AS organization_id,
    tc.date AS date,
    CAST(sum(alike.n) AS INT64) AS accepted
    FROM (
        SELECT span.organization_id AS organization_id,
        span.first_day AS first_day,
        span.end_day AS end_day,
        count(*) AS n
        FROM (
            SELECT before.organization_id AS organization_id,
            before.user_id AS user_id,
            before.accepted AS accepted,
            CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
            before.end_day AS end_day
            FROM (
                SELECT any_span.organization_id AS organization_id,
                any_span.user_id AS user_id,
                any_span.accepted AS accepted,
                any_span.first_day AS first_day,
                any_span.end_day AS end_day,
                max(any_span.end_day) OVER (PARTITION BY any_span.organization_id, any_span.user_id, any_span.accepted ORDER BY any_span.first_day, any_span.end_day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen
                FROM (
                    SELECT m.organization_id AS organization_id,
                    m.user_id AS user_id,
                    1 AS accepted,
                    m.first_day AS first_day,
                    m.end_day AS end_day
                    FROM (
                        SELECT mm.organization_id AS organization_id,
                        mm.user_id AS user_id,
                        mm.accepted AS accepted,
{%- if var('calcom__history') %}
                        CAST((mm.valid_from) AS DATE) AS first_day,
                        coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AS DATE), DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY)) AS end_day
{%- else %}
                        DATE_ADD(CAST(('1970-01-01') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS first_day,
                        DATE_ADD(CAST(('9999-12-31') AS DATE), INTERVAL CAST((0) AS INT64) DAY) AS end_day
{%- endif %}
                        FROM {{ ref('stg_calcom__memberships') }} AS mm
                        WHERE mm.user_id IS NOT NULL
{%- if not (var('calcom__history')) %}
                        AND mm._calcom_deleted_at IS NULL
{%- endif %}
                    ) AS m
                    WHERE m.first_day < m.end_day
                    AND m.accepted IS true
                ) AS any_span
            ) AS before
            WHERE before.seen IS NULL
            OR before.seen < before.end_day
        ) AS span
        GROUP BY span.organization_id,
        span.first_day,
        span.end_day
    ) AS alike
    JOIN {{ ref('int_calcom__calendar') }} AS tc ON alike.first_day <= tc.date
    AND tc.date < alike.end_day
    GROUP BY alike.organization_id,
    tc.date
) AS total ON total.organization_id = h.organization_id
AND total.date = h.date
{% endmacro %}
