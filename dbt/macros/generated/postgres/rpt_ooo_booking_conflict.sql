{# made by tools/make_dbt_package.py, do not edit #}
{% macro postgres__rpt_ooo_booking_conflict() %}
SELECT found.organization_id,
found.booking_uid,
found.start_utc,
found.start_local_date,
found.host_user_id,
found.team_id,
found.event_type_id,
found.ooo_id,
{%- if var('calcom__history') %}
CASE WHEN (found.live_id IS NULL) THEN min(v.to_user_id) ELSE min(CASE WHEN (v.is_current IS true AND v._calcom_deleted_at IS NULL) THEN v.to_user_id END) END AS cover_user_id,
{%- else %}
CASE WHEN (found.live_id IS NULL) THEN min(v.to_user_id) ELSE min(CASE WHEN (v._calcom_deleted_at IS NULL) THEN v.to_user_id END) END AS cover_user_id,
{%- endif %}
(CAST((found.start_local_date) AS date) - CAST((CAST((now() AT TIME ZONE 'UTC') AS date)) AS date)) AS days_until,
{%- if var('calcom__history') %}
CAST((CASE WHEN (min(v.valid_from) > found.created_at OR found.created_at IS NULL) THEN min(v.valid_from) ELSE found.created_at END) AT TIME ZONE 'UTC' AS date) AS detected_on,
{%- else %}
CAST((CASE WHEN (min(CAST(NULL AS TIMESTAMP WITHOUT TIME ZONE)) > found.created_at OR found.created_at IS NULL) THEN min(CAST(NULL AS TIMESTAMP WITHOUT TIME ZONE)) ELSE found.created_at END) AT TIME ZONE 'UTC' AS date) AS detected_on,
{%- endif %}
CASE WHEN (found.status IN ('cancelled', 'rejected')) THEN CAST((found.changed_at) AT TIME ZONE 'UTC' AS date) ELSE CAST((CASE WHEN (found.live_id IS NULL) THEN found.removed_at END) AT TIME ZONE 'UTC' AS date) END AS resolved_on,
{%- if var('calcom__history') %}
NULL AS note
{%- else %}
'{{ var('calcom_prefix') }}ooo_entries without history: the present state stands for every day' AS note
{%- endif %}
FROM (
    SELECT meeting.organization_id AS organization_id,
    meeting.booking_id AS booking_id,
    meeting.booking_uid AS booking_uid,
    meeting.start_utc AS start_utc,
    meeting.start_local_date AS start_local_date,
    meeting.host_user_id AS host_user_id,
    meeting.team_id AS team_id,
    meeting.event_type_id AS event_type_id,
    meeting.status AS status,
    meeting.created_at AS created_at,
    meeting.changed_at AS changed_at,
    min(meeting.live_id) AS live_id,
    coalesce(min(meeting.live_id), min(meeting.ooo_id)) AS ooo_id,
    min(meeting.valid_from) AS first_seen,
    max(meeting.removed_at) AS removed_at
    FROM (
        SELECT b.organization_id AS organization_id,
        b.id AS booking_id,
        b.uid AS booking_uid,
        b.start_at AS start_utc,
        CAST((((b.start_at) + make_interval(mins => CAST((coalesce(z.offset_minutes, 0)) AS integer)))) AT TIME ZONE 'UTC' AS date) AS start_local_date,
        h.user_id AS host_user_id,
{%- if var('calcom__using_team_event_types') %}
        e.team_id AS team_id,
{%- else %}
        CAST(NULL AS BIGINT) AS team_id,
{%- endif %}
        b.event_type_id AS event_type_id,
        b.status AS status,
        b.created_at AS created_at,
        coalesce(b.updated_at, b.created_at) AS changed_at,
        o.id AS ooo_id,
{%- if var('calcom__history') %}
        CASE WHEN (o.is_current IS true AND o._calcom_deleted_at IS NULL) THEN o.id END AS live_id,
        o.valid_from AS valid_from,
        coalesce(o.valid_to, o._calcom_deleted_at) AS removed_at
{%- else %}
        CASE WHEN (o._calcom_deleted_at IS NULL) THEN o.id END AS live_id,
        CAST(NULL AS TIMESTAMP WITHOUT TIME ZONE) AS valid_from,
        o._calcom_deleted_at AS removed_at
{%- endif %}
        FROM {{ ref('stg_calcom__bookings') }} AS b
        JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = b.organization_id
        AND h.booking_id = b.id
        JOIN {{ ref('stg_calcom__ooo_entries') }} AS o ON o.organization_id = h.organization_id
        AND o.user_id = h.user_id
        AND ((o.start_at) + make_interval(mins => CAST((-2880) AS integer))) <= b.start_at
        AND ((o.end_at) + make_interval(mins => CAST((2880) AS integer))) >= b.start_at
        LEFT OUTER JOIN {{ ref('stg_calcom__users') }} AS u ON u.organization_id = h.organization_id
        AND u.id = h.user_id
        AND u._calcom_deleted_at IS NULL
        LEFT OUTER JOIN {{ ref('calcom__tz_offsets') }} AS z ON z.time_zone = u.time_zone
        AND z.from_utc <= b.start_at
        AND z.to_utc > b.start_at
{%- if var('calcom__using_team_event_types') %}
        LEFT OUTER JOIN {{ ref('stg_calcom__team_event_types') }} AS e ON e.organization_id = b.organization_id
        AND e.id = b.event_type_id
        AND e._calcom_deleted_at IS NULL
{%- endif %}
        WHERE b._calcom_deleted_at IS NULL
        AND h._calcom_deleted_at IS NULL
        AND CAST((((b.start_at) + make_interval(mins => CAST((coalesce(z.offset_minutes, 0)) AS integer)))) AT TIME ZONE 'UTC' AS date) >= CAST((o.start_at) AT TIME ZONE 'UTC' AS date)
        AND CAST((((b.start_at) + make_interval(mins => CAST((coalesce(z.offset_minutes, 0)) AS integer)))) AT TIME ZONE 'UTC' AS date) <= CAST((o.end_at) AT TIME ZONE 'UTC' AS date)
    ) AS meeting
    GROUP BY meeting.organization_id,
    meeting.booking_id,
    meeting.booking_uid,
    meeting.start_utc,
    meeting.start_local_date,
    meeting.host_user_id,
    meeting.team_id,
    meeting.event_type_id,
    meeting.status,
    meeting.created_at,
    meeting.changed_at
) AS found
JOIN {{ ref('stg_calcom__ooo_entries') }} AS v ON v.organization_id = found.organization_id
AND v.id = found.ooo_id
AND v.user_id = found.host_user_id
AND found.start_local_date >= CAST((v.start_at) AT TIME ZONE 'UTC' AS date)
AND found.start_local_date <= CAST((v.end_at) AT TIME ZONE 'UTC' AS date)
WHERE found.status IS NULL
OR (found.status NOT IN ('cancelled', 'rejected'))
OR found.changed_at >= found.first_seen
GROUP BY found.organization_id,
found.booking_id,
found.booking_uid,
found.start_utc,
found.start_local_date,
found.host_user_id,
found.team_id,
found.event_type_id,
found.status,
found.created_at,
found.changed_at,
found.ooo_id,
found.live_id,
found.first_seen,
found.removed_at
{% endmacro %}
