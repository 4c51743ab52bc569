{# made by tools/make_dbt_package.py, do not edit #}
{% macro postgres__dim_event_type() %}
SELECT f.organization_id,
f.event_type_id,
CASE WHEN (f.event_type_id = 0) THEN 'No event type' WHEN (f.title != '') THEN f.title WHEN (f.slug != '') THEN f.slug ELSE 'Event type ' || CAST(f.event_type_id AS TEXT) END AS event_type_name,
f.title,
f.slug,
CAST(CASE WHEN (f.event_type_id = 0) THEN 'none' WHEN (f.is_listed = 0) THEN 'unlisted' WHEN (f.team_id = f.organization_id) THEN 'organization' WHEN (f.team_id IS NOT NULL) THEN 'team' WHEN (f.original_event_type_id IS NOT NULL) THEN 'managed_copy' ELSE 'personal' END AS TEXT) AS kind,
f.team_id,
{%- if var('calcom__using_teams') %}
t.name AS team_name,
{%- else %}
CAST(NULL AS TEXT) AS team_name,
{%- endif %}
f.owner_user_id,
f.original_event_type_id,
f.scheduling_type,
f.length_in_minutes,
f.is_hidden = 1 AS hidden,
f.is_deleted = 1 AS is_deleted,
f.is_listed = 1 AS is_listed,
f.bookings
FROM (
    SELECT counted.organization_id AS organization_id,
    counted.event_type_id AS event_type_id,
    CAST(NULL AS TEXT) AS title,
    counted.slug AS slug,
    CAST(NULL AS TEXT) AS scheduling_type,
    CAST(NULL AS BIGINT) AS team_id,
    CAST(NULL AS BIGINT) AS owner_user_id,
    CAST(NULL AS BIGINT) AS original_event_type_id,
    CAST(NULL AS BIGINT) AS length_in_minutes,
    CAST(NULL AS INTEGER) AS is_hidden,
    CAST(NULL AS INTEGER) AS is_deleted,
    0 AS is_listed,
    counted.bookings AS bookings
    FROM (
        SELECT b.organization_id AS organization_id,
        coalesce(b.event_type_id, 0) AS event_type_id,
        max(b.event_type_slug) AS slug,
        CAST(sum(CASE WHEN (b._calcom_deleted_at IS NULL) THEN 1 ELSE 0 END) AS BIGINT) AS bookings
        FROM {{ ref('stg_calcom__bookings') }} AS b
        GROUP BY b.organization_id,
        coalesce(b.event_type_id, 0)
    ) AS counted
{%- if var('calcom__using_user_event_types') %}
    LEFT OUTER JOIN (
        SELECT e.organization_id AS organization_id,
        e.id AS event_type_id,
        e.title AS title,
        e.slug AS slug,
{%- if var('calcom__using_team_event_types') %}
        e.scheduling_type AS scheduling_type,
        e.team_id AS team_id,
{%- else %}
        CAST(NULL AS TEXT) AS scheduling_type,
        CAST(NULL AS BIGINT) AS team_id,
{%- endif %}
        e.owner_id AS owner_user_id,
{%- if var('calcom__using_team_event_types') %}
        e.parent_event_type_id AS original_event_type_id,
{%- else %}
        CAST(NULL AS BIGINT) AS original_event_type_id,
{%- endif %}
        e.length_in_minutes AS length_in_minutes,
        CASE WHEN (e.hidden IS true) THEN 1 ELSE 0 END AS is_hidden,
        CASE WHEN (e._calcom_deleted_at IS NULL) THEN 0 ELSE 1 END AS is_deleted
{%- if var('calcom__using_team_event_types') %}
        FROM {{ ref('stg_calcom__team_event_types') }} AS e
        UNION ALL
        SELECT users.organization_id AS organization_id,
        users.event_type_id AS event_type_id,
        users.title AS title,
        users.slug AS slug,
        users.scheduling_type AS scheduling_type,
        users.team_id AS team_id,
        users.owner_user_id AS owner_user_id,
        users.original_event_type_id AS original_event_type_id,
        users.length_in_minutes AS length_in_minutes,
        users.is_hidden AS is_hidden,
        users.is_deleted AS is_deleted
        FROM (
            SELECT e.organization_id AS organization_id,
            e.id AS event_type_id,
            e.title AS title,
            e.slug AS slug,
            CAST(NULL AS TEXT) AS scheduling_type,
            CAST(NULL AS BIGINT) AS team_id,
            e.owner_id AS owner_user_id,
            CAST(NULL AS BIGINT) AS original_event_type_id,
            e.length_in_minutes AS length_in_minutes,
            CASE WHEN (e.hidden IS true) THEN 1 ELSE 0 END AS is_hidden,
            CASE WHEN (e._calcom_deleted_at IS NULL) THEN 0 ELSE 1 END AS is_deleted
            FROM {{ ref('stg_calcom__user_event_types') }} AS e
        ) AS users
        LEFT OUTER JOIN (
            SELECT DISTINCT here.organization_id AS organization_id,
            here.id AS event_type_id
            FROM {{ ref('stg_calcom__team_event_types') }} AS here
        ) AS there ON there.organization_id = users.organization_id
        AND there.event_type_id = users.event_type_id
        WHERE there.event_type_id IS NULL
{%- else %}
        FROM {{ ref('stg_calcom__user_event_types') }} AS e
{%- endif %}
    ) AS known ON known.organization_id = counted.organization_id
    AND known.event_type_id = counted.event_type_id
    WHERE known.event_type_id IS NULL
    UNION ALL
    SELECT listed.organization_id AS organization_id,
    listed.event_type_id AS event_type_id,
    listed.title AS title,
    listed.slug AS slug,
    listed.scheduling_type AS scheduling_type,
    listed.team_id AS team_id,
    listed.owner_user_id AS owner_user_id,
    listed.original_event_type_id AS original_event_type_id,
    listed.length_in_minutes AS length_in_minutes,
    listed.is_hidden AS is_hidden,
    listed.is_deleted AS is_deleted,
    1 AS is_listed,
    coalesce(named.bookings, 0) AS bookings
    FROM (
        SELECT e.organization_id AS organization_id,
        e.id AS event_type_id,
        e.title AS title,
        e.slug AS slug,
{%- if var('calcom__using_team_event_types') %}
        e.scheduling_type AS scheduling_type,
        e.team_id AS team_id,
{%- else %}
        CAST(NULL AS TEXT) AS scheduling_type,
        CAST(NULL AS BIGINT) AS team_id,
{%- endif %}
        e.owner_id AS owner_user_id,
{%- if var('calcom__using_team_event_types') %}
        e.parent_event_type_id AS original_event_type_id,
{%- else %}
        CAST(NULL AS BIGINT) AS original_event_type_id,
{%- endif %}
        e.length_in_minutes AS length_in_minutes,
        CASE WHEN (e.hidden IS true) THEN 1 ELSE 0 END AS is_hidden,
        CASE WHEN (e._calcom_deleted_at IS NULL) THEN 0 ELSE 1 END AS is_deleted
{%- if var('calcom__using_team_event_types') %}
        FROM {{ ref('stg_calcom__team_event_types') }} AS e
        UNION ALL
        SELECT users.organization_id AS organization_id,
        users.event_type_id AS event_type_id,
        users.title AS title,
        users.slug AS slug,
        users.scheduling_type AS scheduling_type,
        users.team_id AS team_id,
        users.owner_user_id AS owner_user_id,
        users.original_event_type_id AS original_event_type_id,
        users.length_in_minutes AS length_in_minutes,
        users.is_hidden AS is_hidden,
        users.is_deleted AS is_deleted
        FROM (
            SELECT e.organization_id AS organization_id,
            e.id AS event_type_id,
            e.title AS title,
            e.slug AS slug,
            CAST(NULL AS TEXT) AS scheduling_type,
            CAST(NULL AS BIGINT) AS team_id,
            e.owner_id AS owner_user_id,
            CAST(NULL AS BIGINT) AS original_event_type_id,
            e.length_in_minutes AS length_in_minutes,
            CASE WHEN (e.hidden IS true) THEN 1 ELSE 0 END AS is_hidden,
            CASE WHEN (e._calcom_deleted_at IS NULL) THEN 0 ELSE 1 END AS is_deleted
            FROM {{ ref('stg_calcom__user_event_types') }} AS e
        ) AS users
        LEFT OUTER JOIN (
            SELECT DISTINCT here.organization_id AS organization_id,
            here.id AS event_type_id
            FROM {{ ref('stg_calcom__team_event_types') }} AS here
        ) AS there ON there.organization_id = users.organization_id
        AND there.event_type_id = users.event_type_id
        WHERE there.event_type_id IS NULL
{%- else %}
        FROM {{ ref('stg_calcom__user_event_types') }} AS e
{%- endif %}
    ) AS listed
    LEFT OUTER JOIN (
        SELECT b.organization_id AS organization_id,
        coalesce(b.event_type_id, 0) AS event_type_id,
        max(b.event_type_slug) AS slug,
        CAST(sum(CASE WHEN (b._calcom_deleted_at IS NULL) THEN 1 ELSE 0 END) AS BIGINT) AS bookings
        FROM {{ ref('stg_calcom__bookings') }} AS b
        GROUP BY b.organization_id,
        coalesce(b.event_type_id, 0)
    ) AS named ON named.organization_id = listed.organization_id
    AND named.event_type_id = listed.event_type_id
{%- else %}
{%- if var('calcom__using_team_event_types') %}
    LEFT OUTER JOIN (
        SELECT e.organization_id AS organization_id,
        e.id AS event_type_id,
        e.title AS title,
        e.slug AS slug,
        e.scheduling_type AS scheduling_type,
        e.team_id AS team_id,
        e.owner_id AS owner_user_id,
        e.parent_event_type_id AS original_event_type_id,
        e.length_in_minutes AS length_in_minutes,
        CASE WHEN (e.hidden IS true) THEN 1 ELSE 0 END AS is_hidden,
        CASE WHEN (e._calcom_deleted_at IS NULL) THEN 0 ELSE 1 END AS is_deleted
        FROM {{ ref('stg_calcom__team_event_types') }} AS e
    ) AS known ON known.organization_id = counted.organization_id
    AND known.event_type_id = counted.event_type_id
    WHERE known.event_type_id IS NULL
    UNION ALL
    SELECT listed.organization_id AS organization_id,
    listed.event_type_id AS event_type_id,
    listed.title AS title,
    listed.slug AS slug,
    listed.scheduling_type AS scheduling_type,
    listed.team_id AS team_id,
    listed.owner_user_id AS owner_user_id,
    listed.original_event_type_id AS original_event_type_id,
    listed.length_in_minutes AS length_in_minutes,
    listed.is_hidden AS is_hidden,
    listed.is_deleted AS is_deleted,
    1 AS is_listed,
    coalesce(named.bookings, 0) AS bookings
    FROM (
        SELECT e.organization_id AS organization_id,
        e.id AS event_type_id,
        e.title AS title,
        e.slug AS slug,
        e.scheduling_type AS scheduling_type,
        e.team_id AS team_id,
        e.owner_id AS owner_user_id,
        e.parent_event_type_id AS original_event_type_id,
        e.length_in_minutes AS length_in_minutes,
        CASE WHEN (e.hidden IS true) THEN 1 ELSE 0 END AS is_hidden,
        CASE WHEN (e._calcom_deleted_at IS NULL) THEN 0 ELSE 1 END AS is_deleted
        FROM {{ ref('stg_calcom__team_event_types') }} AS e
    ) AS listed
    LEFT OUTER JOIN (
        SELECT b.organization_id AS organization_id,
        coalesce(b.event_type_id, 0) AS event_type_id,
        max(b.event_type_slug) AS slug,
        CAST(sum(CASE WHEN (b._calcom_deleted_at IS NULL) THEN 1 ELSE 0 END) AS BIGINT) AS bookings
        FROM {{ ref('stg_calcom__bookings') }} AS b
        GROUP BY b.organization_id,
        coalesce(b.event_type_id, 0)
    ) AS named ON named.organization_id = listed.organization_id
    AND named.event_type_id = listed.event_type_id
{%- endif %}
{%- endif %}
) AS f
{%- if var('calcom__using_teams') %}
LEFT OUTER JOIN {{ ref('stg_calcom__teams') }} AS t ON t.organization_id = f.organization_id
AND t.id = f.team_id
AND t._calcom_deleted_at IS NULL
{%- endif %}
{% endmacro %}
