{# made by tools/make_dbt_package.py, do not edit #}
{% macro postgres__rpt_attribute_coverage_day() %}
SELECT h.organization_id,
h.date,
h.attribute_id,
h.attribute_slug,
h.option_id,
h.option_value,
h.holders,
h.scheduled AS scheduled_holders,
h.available AS available_holders,
CASE WHEN (h.available = 0 AND (h.holders = 0 OR h.scheduled > 0)) THEN true ELSE false END AS is_uncovered,
CASE WHEN (h.available = 1) THEN h.ids END AS last_holder_user_id,
{%- if var('calcom__history') %}
NULL AS note
{%- else %}
'{{ var('calcom_prefix') }}memberships and {{ var('calcom_prefix') }}attribute_assignments and {{ var('calcom_prefix') }}ooo_entries without history: the present state stands for every day' AS note
{%- endif %}
FROM (
    SELECT part.organization_id AS organization_id,
    part.date AS date,
    part.attribute_id AS attribute_id,
    part.attribute_slug AS attribute_slug,
    part.option_id AS option_id,
    part.option_value AS option_value,
    CAST(sum(part.holders) AS BIGINT) AS holders,
    CAST(sum(part.scheduled) AS BIGINT) AS scheduled,
    CAST(sum(part.available) AS BIGINT) AS available,
    CAST(sum(part.ids) AS BIGINT) AS ids
    FROM (
        SELECT thing.organization_id AS organization_id,
        thing.attribute_id AS attribute_id,
        thing.attribute_slug AS attribute_slug,
        thing.option_id AS option_id,
        thing.option_value AS option_value,
        c.date AS date,
        0 AS holders,
        0 AS scheduled,
        0 AS available,
        0 AS ids
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
            AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT')
        ) AS thing
{%- if var('calcom__history') %}
        JOIN (
            SELECT fm.organization_id AS organization_id,
            CAST((min(fm.valid_from)) AT TIME ZONE 'UTC' AS date) AS first_day
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
        alike.n AS holders,
{%- if var('calcom__using_schedules') %}
        CASE WHEN (hc.weekday_name = 'Monday') THEN alike. "due_Monday" WHEN (hc.weekday_name = 'Tuesday') THEN alike. "due_Tuesday" WHEN (hc.weekday_name = 'Wednesday') THEN alike. "due_Wednesday" WHEN (hc.weekday_name = 'Thursday') THEN alike. "due_Thursday" WHEN (hc.weekday_name = 'Friday') THEN alike. "due_Friday" WHEN (hc.weekday_name = 'Saturday') THEN alike. "due_Saturday" WHEN (hc.weekday_name = 'Sunday') THEN alike. "due_Sunday" END AS scheduled,
        CASE WHEN (hc.weekday_name = 'Monday') THEN alike. "due_Monday" WHEN (hc.weekday_name = 'Tuesday') THEN alike. "due_Tuesday" WHEN (hc.weekday_name = 'Wednesday') THEN alike. "due_Wednesday" WHEN (hc.weekday_name = 'Thursday') THEN alike. "due_Thursday" WHEN (hc.weekday_name = 'Friday') THEN alike. "due_Friday" WHEN (hc.weekday_name = 'Saturday') THEN alike. "due_Saturday" WHEN (hc.weekday_name = 'Sunday') THEN alike. "due_Sunday" END AS available,
        CASE WHEN (hc.weekday_name = 'Monday') THEN alike. "ids_Monday" WHEN (hc.weekday_name = 'Tuesday') THEN alike. "ids_Tuesday" WHEN (hc.weekday_name = 'Wednesday') THEN alike. "ids_Wednesday" WHEN (hc.weekday_name = 'Thursday') THEN alike. "ids_Thursday" WHEN (hc.weekday_name = 'Friday') THEN alike. "ids_Friday" WHEN (hc.weekday_name = 'Saturday') THEN alike. "ids_Saturday" WHEN (hc.weekday_name = 'Sunday') THEN alike. "ids_Sunday" END AS ids
{%- else %}
        alike.n AS scheduled,
        alike.n AS available,
        alike.ids AS ids
{%- endif %}
        FROM (
            SELECT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            span.first_day AS first_day,
            span.end_day AS end_day,
            count(*) AS n,
{%- if var('calcom__using_schedules') %}
            sum(span.user_id) AS ids,
            sum(CASE WHEN (schedule_week. "Monday" > 0) THEN 1 ELSE 0 END) AS "due_Monday",
            sum(CASE WHEN (schedule_week. "Monday" > 0) THEN span.user_id ELSE 0 END) AS "ids_Monday",
            sum(CASE WHEN (schedule_week. "Tuesday" > 0) THEN 1 ELSE 0 END) AS "due_Tuesday",
            sum(CASE WHEN (schedule_week. "Tuesday" > 0) THEN span.user_id ELSE 0 END) AS "ids_Tuesday",
            sum(CASE WHEN (schedule_week. "Wednesday" > 0) THEN 1 ELSE 0 END) AS "due_Wednesday",
            sum(CASE WHEN (schedule_week. "Wednesday" > 0) THEN span.user_id ELSE 0 END) AS "ids_Wednesday",
            sum(CASE WHEN (schedule_week. "Thursday" > 0) THEN 1 ELSE 0 END) AS "due_Thursday",
            sum(CASE WHEN (schedule_week. "Thursday" > 0) THEN span.user_id ELSE 0 END) AS "ids_Thursday",
            sum(CASE WHEN (schedule_week. "Friday" > 0) THEN 1 ELSE 0 END) AS "due_Friday",
            sum(CASE WHEN (schedule_week. "Friday" > 0) THEN span.user_id ELSE 0 END) AS "ids_Friday",
            sum(CASE WHEN (schedule_week. "Saturday" > 0) THEN 1 ELSE 0 END) AS "due_Saturday",
            sum(CASE WHEN (schedule_week. "Saturday" > 0) THEN span.user_id ELSE 0 END) AS "ids_Saturday",
            sum(CASE WHEN (schedule_week. "Sunday" > 0) THEN 1 ELSE 0 END) AS "due_Sunday",
            sum(CASE WHEN (schedule_week. "Sunday" > 0) THEN span.user_id ELSE 0 END) AS "ids_Sunday"
{%- else %}
            sum(span.user_id) AS ids
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
                            CAST((x.valid_from) AT TIME ZONE 'UTC' AS date) AS first_day,
                            coalesce(CAST((coalesce(x.valid_to, x._calcom_deleted_at)) AT TIME ZONE 'UTC' AS date), (CAST(('9999-12-31') AS date) + CAST((0) AS integer))) AS end_day
{%- else %}
                            (CAST(('1970-01-01') AS date) + CAST((0) AS integer)) AS first_day,
                            (CAST(('9999-12-31') AS date) + CAST((0) AS integer)) AS end_day
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
                                AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT')
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
                            CAST((mm.valid_from) AT TIME ZONE 'UTC' AS date) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AT TIME ZONE 'UTC' AS date), (CAST(('9999-12-31') AS date) + CAST((0) AS integer))) AS end_day
{%- else %}
                            (CAST(('1970-01-01') AS date) + CAST((0) AS integer)) AS first_day,
                            (CAST(('9999-12-31') AS date) + CAST((0) AS integer)) AS end_day
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
{%- if var('calcom__using_schedules') %}
            LEFT OUTER JOIN (
                SELECT hours.organization_id AS organization_id,
                hours.schedule_id AS schedule_id,
                sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Monday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Monday",
                sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Tuesday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Tuesday",
                sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Wednesday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Wednesday",
                sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Thursday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Thursday",
                sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Friday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Friday",
                sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Saturday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Saturday",
                sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Sunday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Sunday"
                FROM (
                    SELECT wa.organization_id AS organization_id,
                    wa.schedule_id AS schedule_id,
                    CAST(wa.days AS TEXT) AS days,
                    sum((CAST(substr(wa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.start_time, 4, 2) AS INTEGER))) AS minutes
                    FROM {{ ref('stg_calcom__schedule_availability') }} AS wa
                    WHERE wa._calcom_deleted_at IS NULL
                    GROUP BY wa.organization_id,
                    wa.schedule_id,
                    CAST(wa.days AS TEXT)
                ) AS hours
                GROUP BY hours.organization_id,
                hours.schedule_id
            ) AS schedule_week ON schedule_week.organization_id = span.organization_id
            AND schedule_week.schedule_id = span.schedule_id
{%- endif %}
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
{%- if var('calcom__using_schedules') %}
        SELECT span.organization_id AS organization_id,
        span.attribute_id AS attribute_id,
        span.attribute_slug AS attribute_slug,
        span.option_id AS option_id,
        span.option_value AS option_value,
        special_day.date AS date,
{%- else %}
        SELECT absent.organization_id AS organization_id,
        absent.attribute_id AS attribute_id,
        absent.attribute_slug AS attribute_slug,
        absent.option_id AS option_id,
        absent.option_value AS option_value,
        absent.date AS date,
{%- endif %}
        0 AS holders,
{%- if var('calcom__using_schedules') %}
        CASE WHEN (special_day.has_other = 0) THEN CASE WHEN (special_day.usual_minutes > 0) THEN 1 ELSE 0 END WHEN (special_day.other_minutes > 0) THEN 1 ELSE 0 END - CASE WHEN (special_day.usual_minutes > 0) THEN 1 ELSE 0 END AS scheduled,
        CASE WHEN (special_day.has_other = 0) THEN CASE WHEN (special_day.usual_minutes > 0) THEN 1 ELSE 0 END WHEN (special_day.other_minutes > 0) THEN 1 ELSE 0 END * (1 - special_day.is_out) - CASE WHEN (special_day.usual_minutes > 0) THEN 1 ELSE 0 END AS available,
        (CASE WHEN (special_day.has_other = 0) THEN CASE WHEN (special_day.usual_minutes > 0) THEN 1 ELSE 0 END WHEN (special_day.other_minutes > 0) THEN 1 ELSE 0 END * (1 - special_day.is_out) - CASE WHEN (special_day.usual_minutes > 0) THEN 1 ELSE 0 END) * special_day.user_id AS ids
{%- else %}
        0 AS scheduled,
        -1 AS available,
        -absent.user_id AS ids
{%- endif %}
        FROM (
{%- if var('calcom__using_schedules') %}
            SELECT either.organization_id AS organization_id,
            either.user_id AS user_id,
            either.date AS date,
            max(either.usual_minutes) AS usual_minutes,
            max(either.is_out) AS is_out,
            max(either.has_other) AS has_other,
            sum(either.other_minutes) AS other_minutes
{%- else %}
            SELECT DISTINCT span.organization_id AS organization_id,
            span.attribute_id AS attribute_id,
            span.attribute_slug AS attribute_slug,
            span.option_id AS option_id,
            span.option_value AS option_value,
            span.user_id AS user_id,
            out_day.date AS date
{%- endif %}
            FROM (
{%- if var('calcom__using_schedules') %}
                SELECT person_week.organization_id AS organization_id,
                person_week.user_id AS user_id,
                out_day.date AS date,
                CASE WHEN (yc.weekday_name = 'Monday') THEN person_week. "Monday" WHEN (yc.weekday_name = 'Tuesday') THEN person_week. "Tuesday" WHEN (yc.weekday_name = 'Wednesday') THEN person_week. "Wednesday" WHEN (yc.weekday_name = 'Thursday') THEN person_week. "Thursday" WHEN (yc.weekday_name = 'Friday') THEN person_week. "Friday" WHEN (yc.weekday_name = 'Saturday') THEN person_week. "Saturday" WHEN (yc.weekday_name = 'Sunday') THEN person_week. "Sunday" END AS usual_minutes,
                1 AS is_out,
                0 AS has_other,
                0 AS other_minutes
{%- else %}
                SELECT before.organization_id AS organization_id,
                before.attribute_id AS attribute_id,
                before.attribute_slug AS attribute_slug,
                before.option_id AS option_id,
                before.option_value AS option_value,
                before.user_id AS user_id,
                before.accepted AS accepted,
                CASE WHEN (before.seen > before.first_day) THEN before.seen ELSE before.first_day END AS first_day,
                before.end_day AS end_day
{%- endif %}
                FROM (
{%- if var('calcom__history') %}
{%- if var('calcom__using_schedules') %}
                    SELECT DISTINCT oo.organization_id AS organization_id,
                    oo.user_id AS user_id,
                    oc.date AS date
                    FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                    JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AT TIME ZONE 'UTC' AS date)
                    AND oc.date <= CAST((oo.end_at) AT TIME ZONE 'UTC' AS date)
                    WHERE coalesce(oo.valid_to, oo._calcom_deleted_at) IS NULL
                    OR coalesce(oo.valid_to, oo._calcom_deleted_at) >= (CAST(((CAST((oc.date) AS date) + CAST((1) AS integer))) AS timestamp) AT TIME ZONE 'UTC')
                ) AS out_day
                JOIN (
                    SELECT default_schedule.organization_id AS organization_id,
                    default_schedule.owner_id AS user_id,
                    default_schedule.schedule_id AS schedule_id,
                    schedule_week. "Monday" AS "Monday",
                    schedule_week. "Tuesday" AS "Tuesday",
                    schedule_week. "Wednesday" AS "Wednesday",
                    schedule_week. "Thursday" AS "Thursday",
                    schedule_week. "Friday" AS "Friday",
                    schedule_week. "Saturday" AS "Saturday",
                    schedule_week. "Sunday" AS "Sunday"
{%- else %}
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
{%- endif %}
{%- else %}
{%- if var('calcom__using_schedules') %}
                    SELECT DISTINCT oo.organization_id AS organization_id,
                    oo.user_id AS user_id,
                    oc.date AS date
                    FROM {{ ref('stg_calcom__ooo_entries') }} AS oo
                    JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AT TIME ZONE 'UTC' AS date)
                    AND oc.date <= CAST((oo.end_at) AT TIME ZONE 'UTC' AS date)
                    WHERE oo._calcom_deleted_at IS NULL
                    OR oo._calcom_deleted_at >= (CAST(((CAST((oc.date) AS date) + CAST((1) AS integer))) AS timestamp) AT TIME ZONE 'UTC')
                ) AS out_day
                JOIN (
                    SELECT default_schedule.organization_id AS organization_id,
                    default_schedule.owner_id AS user_id,
                    default_schedule.schedule_id AS schedule_id,
                    schedule_week. "Monday" AS "Monday",
                    schedule_week. "Tuesday" AS "Tuesday",
                    schedule_week. "Wednesday" AS "Wednesday",
                    schedule_week. "Thursday" AS "Thursday",
                    schedule_week. "Friday" AS "Friday",
                    schedule_week. "Saturday" AS "Saturday",
                    schedule_week. "Sunday" AS "Sunday"
{%- else %}
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
{%- endif %}
{%- endif %}
                    FROM (
{%- if var('calcom__using_schedules') %}
                        SELECT s.organization_id AS organization_id,
                        s.owner_id AS owner_id,
                        min(s.id) AS schedule_id
                        FROM {{ ref('stg_calcom__schedules') }} AS s
                        WHERE s.is_default IS true
                        AND s._calcom_deleted_at IS NULL
                        GROUP BY s.organization_id,
                        s.owner_id
                    ) AS default_schedule
                    LEFT OUTER JOIN (
                        SELECT hours.organization_id AS organization_id,
                        hours.schedule_id AS schedule_id,
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Monday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Monday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Tuesday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Tuesday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Wednesday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Wednesday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Thursday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Thursday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Friday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Friday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Saturday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Saturday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Sunday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Sunday"
{%- else %}
                        SELECT holding.organization_id AS organization_id,
                        holding.attribute_id AS attribute_id,
                        holding.attribute_slug AS attribute_slug,
                        holding.option_id AS option_id,
                        holding.option_value AS option_value,
                        holding.user_id AS user_id,
                        1 AS accepted,
                        CASE WHEN (holding.first_day > m.first_day) THEN holding.first_day ELSE m.first_day END AS first_day,
                        CASE WHEN (holding.end_day < m.end_day) THEN holding.end_day ELSE m.end_day END AS end_day
{%- endif %}
                        FROM (
{%- if var('calcom__history') %}
{%- if var('calcom__using_schedules') %}
                            SELECT wa.organization_id AS organization_id,
                            wa.schedule_id AS schedule_id,
                            CAST(wa.days AS TEXT) AS days,
                            sum((CAST(substr(wa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.start_time, 4, 2) AS INTEGER))) AS minutes
                            FROM {{ ref('stg_calcom__schedule_availability') }} AS wa
                            WHERE wa._calcom_deleted_at IS NULL
                            GROUP BY wa.organization_id,
                            wa.schedule_id,
                            CAST(wa.days AS TEXT)
                        ) AS hours
                        GROUP BY hours.organization_id,
                        hours.schedule_id
                    ) AS schedule_week ON schedule_week.organization_id = default_schedule.organization_id
                    AND schedule_week.schedule_id = default_schedule.schedule_id
                ) AS person_week ON person_week.organization_id = out_day.organization_id
                AND person_week.user_id = out_day.user_id
                JOIN {{ ref('int_calcom__calendar') }} AS yc ON yc.date = out_day.date
                UNION ALL
                SELECT person_week.organization_id AS organization_id,
                person_week.user_id AS user_id,
                o.date AS date,
                CASE WHEN (c.weekday_name = 'Monday') THEN person_week. "Monday" WHEN (c.weekday_name = 'Tuesday') THEN person_week. "Tuesday" WHEN (c.weekday_name = 'Wednesday') THEN person_week. "Wednesday" WHEN (c.weekday_name = 'Thursday') THEN person_week. "Thursday" WHEN (c.weekday_name = 'Friday') THEN person_week. "Friday" WHEN (c.weekday_name = 'Saturday') THEN person_week. "Saturday" WHEN (c.weekday_name = 'Sunday') THEN person_week. "Sunday" END AS anon_1,
                0 AS anon_2,
                1 AS anon_3,
                (CAST(substr(o.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(o.end_time, 4, 2) AS INTEGER)) - (CAST(substr(o.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(o.start_time, 4, 2) AS INTEGER)) AS anon_4
                FROM (
                    SELECT default_schedule.organization_id AS organization_id,
                    default_schedule.owner_id AS user_id,
                    default_schedule.schedule_id AS schedule_id,
                    schedule_week. "Monday" AS "Monday",
                    schedule_week. "Tuesday" AS "Tuesday",
                    schedule_week. "Wednesday" AS "Wednesday",
                    schedule_week. "Thursday" AS "Thursday",
                    schedule_week. "Friday" AS "Friday",
                    schedule_week. "Saturday" AS "Saturday",
                    schedule_week. "Sunday" AS "Sunday"
                    FROM (
                        SELECT s.organization_id AS organization_id,
                        s.owner_id AS owner_id,
                        min(s.id) AS schedule_id
                        FROM {{ ref('stg_calcom__schedules') }} AS s
                        WHERE s.is_default IS true
                        AND s._calcom_deleted_at IS NULL
                        GROUP BY s.organization_id,
                        s.owner_id
                    ) AS default_schedule
                    LEFT OUTER JOIN (
                        SELECT hours.organization_id AS organization_id,
                        hours.schedule_id AS schedule_id,
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Monday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Monday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Tuesday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Tuesday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Wednesday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Wednesday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Thursday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Thursday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Friday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Friday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Saturday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Saturday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Sunday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Sunday"
                        FROM (
                            SELECT wa.organization_id AS organization_id,
                            wa.schedule_id AS schedule_id,
                            CAST(wa.days AS TEXT) AS days,
                            sum((CAST(substr(wa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.start_time, 4, 2) AS INTEGER))) AS minutes
                            FROM {{ ref('stg_calcom__schedule_availability') }} AS wa
                            WHERE wa._calcom_deleted_at IS NULL
                            GROUP BY wa.organization_id,
                            wa.schedule_id,
                            CAST(wa.days AS TEXT)
                        ) AS hours
                        GROUP BY hours.organization_id,
                        hours.schedule_id
                    ) AS schedule_week ON schedule_week.organization_id = default_schedule.organization_id
                    AND schedule_week.schedule_id = default_schedule.schedule_id
                ) AS person_week
                JOIN {{ ref('stg_calcom__schedule_overrides') }} AS o ON o.organization_id = person_week.organization_id
                AND o.schedule_id = person_week.schedule_id
                AND o._calcom_deleted_at IS NULL
                JOIN {{ ref('int_calcom__calendar') }} AS c ON c.date = o.date
            ) AS either
            GROUP BY either.organization_id,
            either.user_id,
            either.date
        ) AS special_day
        JOIN (
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
                        CAST((x.valid_from) AT TIME ZONE 'UTC' AS date) AS first_day,
                        coalesce(CAST((coalesce(x.valid_to, x._calcom_deleted_at)) AT TIME ZONE 'UTC' AS date), (CAST(('9999-12-31') AS date) + CAST((0) AS integer))) AS end_day
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
                            AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT')
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
                        CAST((mm.valid_from) AT TIME ZONE 'UTC' AS date) AS first_day,
                        coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AT TIME ZONE 'UTC' AS date), (CAST(('9999-12-31') AS date) + CAST((0) AS integer))) AS end_day
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
        ) AS span ON span.organization_id = special_day.organization_id
        AND span.user_id = special_day.user_id
        AND span.first_day <= special_day.date
        AND special_day.date < span.end_day
{%- else %}
                            SELECT option.organization_id AS organization_id,
                            option.attribute_id AS attribute_id,
                            option.attribute_slug AS attribute_slug,
                            option.option_id AS option_id,
                            option.option_value AS option_value,
                            x.user_id AS user_id,
                            CAST((x.valid_from) AT TIME ZONE 'UTC' AS date) AS first_day,
                            coalesce(CAST((coalesce(x.valid_to, x._calcom_deleted_at)) AT TIME ZONE 'UTC' AS date), (CAST(('9999-12-31') AS date) + CAST((0) AS integer))) AS end_day
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
                                AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT')
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
                            CAST((mm.valid_from) AT TIME ZONE 'UTC' AS date) AS first_day,
                            coalesce(CAST((coalesce(mm.valid_to, mm._calcom_deleted_at)) AT TIME ZONE 'UTC' AS date), (CAST(('9999-12-31') AS date) + CAST((0) AS integer))) AS end_day
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
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AT TIME ZONE 'UTC' AS date)
                AND oc.date <= CAST((oo.end_at) AT TIME ZONE 'UTC' AS date)
                WHERE coalesce(oo.valid_to, oo._calcom_deleted_at) IS NULL
                OR coalesce(oo.valid_to, oo._calcom_deleted_at) >= (CAST(((CAST((oc.date) AS date) + CAST((1) AS integer))) AS timestamp) AT TIME ZONE 'UTC')
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
        ) AS absent
{%- endif %}
{%- else %}
{%- if var('calcom__using_schedules') %}
                            SELECT wa.organization_id AS organization_id,
                            wa.schedule_id AS schedule_id,
                            CAST(wa.days AS TEXT) AS days,
                            sum((CAST(substr(wa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.start_time, 4, 2) AS INTEGER))) AS minutes
                            FROM {{ ref('stg_calcom__schedule_availability') }} AS wa
                            WHERE wa._calcom_deleted_at IS NULL
                            GROUP BY wa.organization_id,
                            wa.schedule_id,
                            CAST(wa.days AS TEXT)
                        ) AS hours
                        GROUP BY hours.organization_id,
                        hours.schedule_id
                    ) AS schedule_week ON schedule_week.organization_id = default_schedule.organization_id
                    AND schedule_week.schedule_id = default_schedule.schedule_id
                ) AS person_week ON person_week.organization_id = out_day.organization_id
                AND person_week.user_id = out_day.user_id
                JOIN {{ ref('int_calcom__calendar') }} AS yc ON yc.date = out_day.date
                UNION ALL
                SELECT person_week.organization_id AS organization_id,
                person_week.user_id AS user_id,
                o.date AS date,
                CASE WHEN (c.weekday_name = 'Monday') THEN person_week. "Monday" WHEN (c.weekday_name = 'Tuesday') THEN person_week. "Tuesday" WHEN (c.weekday_name = 'Wednesday') THEN person_week. "Wednesday" WHEN (c.weekday_name = 'Thursday') THEN person_week. "Thursday" WHEN (c.weekday_name = 'Friday') THEN person_week. "Friday" WHEN (c.weekday_name = 'Saturday') THEN person_week. "Saturday" WHEN (c.weekday_name = 'Sunday') THEN person_week. "Sunday" END AS anon_1,
                0 AS anon_2,
                1 AS anon_3,
                (CAST(substr(o.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(o.end_time, 4, 2) AS INTEGER)) - (CAST(substr(o.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(o.start_time, 4, 2) AS INTEGER)) AS anon_4
                FROM (
                    SELECT default_schedule.organization_id AS organization_id,
                    default_schedule.owner_id AS user_id,
                    default_schedule.schedule_id AS schedule_id,
                    schedule_week. "Monday" AS "Monday",
                    schedule_week. "Tuesday" AS "Tuesday",
                    schedule_week. "Wednesday" AS "Wednesday",
                    schedule_week. "Thursday" AS "Thursday",
                    schedule_week. "Friday" AS "Friday",
                    schedule_week. "Saturday" AS "Saturday",
                    schedule_week. "Sunday" AS "Sunday"
                    FROM (
                        SELECT s.organization_id AS organization_id,
                        s.owner_id AS owner_id,
                        min(s.id) AS schedule_id
                        FROM {{ ref('stg_calcom__schedules') }} AS s
                        WHERE s.is_default IS true
                        AND s._calcom_deleted_at IS NULL
                        GROUP BY s.organization_id,
                        s.owner_id
                    ) AS default_schedule
                    LEFT OUTER JOIN (
                        SELECT hours.organization_id AS organization_id,
                        hours.schedule_id AS schedule_id,
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Monday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Monday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Tuesday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Tuesday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Wednesday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Wednesday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Thursday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Thursday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Friday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Friday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Saturday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Saturday",
                        sum(CASE WHEN (strpos(CAST(hours.days AS text), '"Sunday"') > 0) THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Sunday"
                        FROM (
                            SELECT wa.organization_id AS organization_id,
                            wa.schedule_id AS schedule_id,
                            CAST(wa.days AS TEXT) AS days,
                            sum((CAST(substr(wa.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wa.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wa.start_time, 4, 2) AS INTEGER))) AS minutes
                            FROM {{ ref('stg_calcom__schedule_availability') }} AS wa
                            WHERE wa._calcom_deleted_at IS NULL
                            GROUP BY wa.organization_id,
                            wa.schedule_id,
                            CAST(wa.days AS TEXT)
                        ) AS hours
                        GROUP BY hours.organization_id,
                        hours.schedule_id
                    ) AS schedule_week ON schedule_week.organization_id = default_schedule.organization_id
                    AND schedule_week.schedule_id = default_schedule.schedule_id
                ) AS person_week
                JOIN {{ ref('stg_calcom__schedule_overrides') }} AS o ON o.organization_id = person_week.organization_id
                AND o.schedule_id = person_week.schedule_id
                AND o._calcom_deleted_at IS NULL
                JOIN {{ ref('int_calcom__calendar') }} AS c ON c.date = o.date
            ) AS either
            GROUP BY either.organization_id,
            either.user_id,
            either.date
        ) AS special_day
        JOIN (
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
                        (CAST(('1970-01-01') AS date) + CAST((0) AS integer)) AS first_day,
                        (CAST(('9999-12-31') AS date) + CAST((0) AS integer)) AS end_day
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
                            AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT')
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
                        (CAST(('1970-01-01') AS date) + CAST((0) AS integer)) AS first_day,
                        (CAST(('9999-12-31') AS date) + CAST((0) AS integer)) AS end_day
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
        ) AS span ON span.organization_id = special_day.organization_id
        AND span.user_id = special_day.user_id
        AND span.first_day <= special_day.date
        AND special_day.date < span.end_day
{%- else %}
                            SELECT option.organization_id AS organization_id,
                            option.attribute_id AS attribute_id,
                            option.attribute_slug AS attribute_slug,
                            option.option_id AS option_id,
                            option.option_value AS option_value,
                            x.user_id AS user_id,
                            (CAST(('1970-01-01') AS date) + CAST((0) AS integer)) AS first_day,
                            (CAST(('9999-12-31') AS date) + CAST((0) AS integer)) AS end_day
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
                                AND a.type IN ('SINGLE_SELECT', 'MULTI_SELECT')
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
                            (CAST(('1970-01-01') AS date) + CAST((0) AS integer)) AS first_day,
                            (CAST(('9999-12-31') AS date) + CAST((0) AS integer)) AS end_day
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
                JOIN {{ ref('int_calcom__calendar') }} AS oc ON oc.date >= CAST((oo.start_at) AT TIME ZONE 'UTC' AS date)
                AND oc.date <= CAST((oo.end_at) AT TIME ZONE 'UTC' AS date)
                WHERE oo._calcom_deleted_at IS NULL
                OR oo._calcom_deleted_at >= (CAST(((CAST((oc.date) AS date) + CAST((1) AS integer))) AS timestamp) AT TIME ZONE 'UTC')
            ) AS out_day ON out_day.organization_id = span.organization_id
            AND out_day.user_id = span.user_id
            AND span.first_day <= out_day.date
            AND out_day.date < span.end_day
        ) AS absent
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
{% endmacro %}
