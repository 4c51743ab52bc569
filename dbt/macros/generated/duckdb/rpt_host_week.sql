{# made by tools/make_dbt_package.py, do not edit #}
{% macro duckdb__rpt_host_week() %}
SELECT summed.organization_id,
summed.host_user_id,
week.iso_year,
week.iso_week,
summed.week_start,
{%- if var('calcom__using_schedules') %}
summed.weekly_minutes + summed.special_minutes AS scheduled_minutes,
summed.ooo_minutes AS ooo_minutes,
(summed.weekly_minutes + summed.special_minutes) - summed.ooo_minutes AS bookable_minutes,
{%- else %}
CAST(NULL AS BIGINT) AS scheduled_minutes,
{%- if var('calcom__using_ooo_entries') %}
CAST(NULL AS BIGINT) AS ooo_minutes,
CAST(NULL AS BIGINT) - CAST(NULL AS BIGINT) AS bookable_minutes,
{%- else %}
summed.ooo_minutes AS ooo_minutes,
CAST(NULL AS BIGINT) - summed.ooo_minutes AS bookable_minutes,
{%- endif %}
{%- endif %}
summed.booked_minutes,
{%- if var('calcom__using_schedules') %}
(CAST(100 AS DOUBLE) * (summed.booked_minutes) / nullif(((summed.weekly_minutes + summed.special_minutes) - summed.ooo_minutes), 0)) AS utilisation_pct,
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
(CAST(100 AS DOUBLE) * (summed.booked_minutes) / nullif((CAST(NULL AS BIGINT) - CAST(NULL AS BIGINT)), 0)) AS utilisation_pct,
{%- else %}
(CAST(100 AS DOUBLE) * (summed.booked_minutes) / nullif((CAST(NULL AS BIGINT) - summed.ooo_minutes), 0)) AS utilisation_pct,
{%- endif %}
{%- endif %}
summed.bookings,
summed.cancelled,
summed.rescheduled,
summed.no_show_host,
summed.no_show_guest AS no_show_guest,
(CAST(100 AS DOUBLE) * (summed.ratings) / nullif((100 * summed.rated), 0)) AS avg_rating,
summed.chosen_0 AS "department",
summed.chosen_1 AS "region",
{%- if var('calcom__history') %}
NULL AS note
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
'{{ var('calcom_prefix') }}attribute_assignments and {{ var('calcom_prefix') }}ooo_entries without history: the present state stands for every day' AS note
{%- else %}
'{{ var('calcom_prefix') }}ooo_entries without history: the present state stands for every day' AS note
{%- endif %}
{%- else %}
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
'{{ var('calcom_prefix') }}attribute_assignments without history: the present state stands for every day' AS note
{%- else %}
NULL AS note
{%- endif %}
{%- endif %}
{%- endif %}
FROM (
    SELECT fact.organization_id AS organization_id,
    fact.host_user_id AS host_user_id,
    fact.week_start AS week_start,
    max(fact.weekly_minutes) AS weekly_minutes,
    CAST(sum(fact.special_minutes) AS BIGINT) AS special_minutes,
    CAST(sum(fact.ooo_minutes) AS BIGINT) AS ooo_minutes,
    CAST(sum(fact.booked_minutes) AS BIGINT) AS booked_minutes,
    CAST(sum(fact.bookings) AS BIGINT) AS bookings,
    CAST(sum(fact.cancelled) AS BIGINT) AS cancelled,
    CAST(sum(fact.rescheduled) AS BIGINT) AS rescheduled,
    CAST(sum(fact.no_show_host) AS BIGINT) AS no_show_host,
    CAST(sum(fact.no_show_guest) AS BIGINT) AS no_show_guest,
    CAST(sum(fact.ratings) AS BIGINT) AS ratings,
    CAST(sum(fact.rated) AS BIGINT) AS rated,
    min(fact.chosen_0) AS chosen_0,
    min(fact.chosen_1) AS chosen_1
    FROM (
        SELECT host.organization_id AS organization_id,
        host.user_id AS host_user_id,
        week.week_start AS week_start,
{%- if var('calcom__using_schedules') %}
        CAST(coalesce(0 + weekly. "Monday" * week. "Monday" + weekly. "Tuesday" * week. "Tuesday" + weekly. "Wednesday" * week. "Wednesday" + weekly. "Thursday" * week. "Thursday" + weekly. "Friday" * week. "Friday" + weekly. "Saturday" * week. "Saturday" + weekly. "Sunday" * week. "Sunday", 0) AS INTEGER) AS weekly_minutes,
{%- else %}
        CAST(0 AS INTEGER) AS weekly_minutes,
{%- endif %}
        CAST(0 AS INTEGER) AS special_minutes,
        CAST(0 AS INTEGER) AS ooo_minutes,
        CAST(0 AS INTEGER) AS booked_minutes,
        CAST(0 AS INTEGER) AS bookings,
        CAST(0 AS INTEGER) AS cancelled,
        CAST(0 AS INTEGER) AS rescheduled,
        CAST(0 AS INTEGER) AS no_show_host,
        CAST(0 AS INTEGER) AS no_show_guest,
        CAST(0 AS INTEGER) AS ratings,
        CAST(0 AS INTEGER) AS rated,
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
        held_chosen_0.value AS chosen_0,
        held_chosen_1.value AS chosen_1
{%- else %}
        NULL AS chosen_0,
        NULL AS chosen_1
{%- endif %}
        FROM (
            SELECT hm.organization_id AS organization_id,
            hm.user_id AS user_id
            FROM {{ ref('stg_calcom__memberships') }} AS hm
            WHERE hm.accepted IS true
{%- if var('calcom__history') %}
            AND hm.is_current IS true
{%- endif %}
            AND hm._calcom_deleted_at IS NULL
            UNION SELECT DISTINCT hh.organization_id AS organization_id,
            hh.user_id AS user_id
            FROM {{ ref('stg_calcom__booking_hosts') }} AS hh
            WHERE hh.user_id IS NOT NULL
            AND hh._calcom_deleted_at IS NULL
        ) AS host
        JOIN (
            SELECT wc.week_start AS week_start,
            wc.iso_year AS iso_year,
            wc.iso_week AS iso_week,
            (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
            CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
            CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
            CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Monday",
            CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Tuesday",
            CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Wednesday",
            CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Thursday",
            CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Friday",
            CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Saturday",
            CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Sunday"
            FROM {{ ref('int_calcom__calendar') }} AS wc
            WHERE wc.weekday = 1
            UNION ALL
            SELECT wc.week_start AS week_start,
            wc.iso_year AS iso_year,
            wc.iso_week AS iso_week,
            (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
            CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
            CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
            CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Monday",
            CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Tuesday",
            CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Wednesday",
            CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Thursday",
            CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Friday",
            CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Saturday",
            CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
                SELECT max(every.date) AS max_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )) THEN 1 ELSE 0 END AS "Sunday"
            FROM {{ ref('int_calcom__calendar') }} AS wc
            WHERE wc.weekday > 1
            AND wc.date = (
                SELECT min(every.date) AS min_1
                FROM {{ ref('int_calcom__calendar') }} AS every
            )
        ) AS week ON true
{%- if var('calcom__using_schedules') %}
        LEFT OUTER JOIN (
            SELECT default_schedule.organization_id AS organization_id,
            default_schedule.owner_id AS owner_id,
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
            JOIN (
                SELECT hours.organization_id AS organization_id,
                hours.schedule_id AS schedule_id,
                sum(CASE WHEN contains(CAST(hours.days AS VARCHAR), '"Monday"') THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Monday",
                sum(CASE WHEN contains(CAST(hours.days AS VARCHAR), '"Tuesday"') THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Tuesday",
                sum(CASE WHEN contains(CAST(hours.days AS VARCHAR), '"Wednesday"') THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Wednesday",
                sum(CASE WHEN contains(CAST(hours.days AS VARCHAR), '"Thursday"') THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Thursday",
                sum(CASE WHEN contains(CAST(hours.days AS VARCHAR), '"Friday"') THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Friday",
                sum(CASE WHEN contains(CAST(hours.days AS VARCHAR), '"Saturday"') THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Saturday",
                sum(CASE WHEN contains(CAST(hours.days AS VARCHAR), '"Sunday"') THEN CAST(hours.minutes AS INTEGER) ELSE 0 END) AS "Sunday"
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
        ) AS weekly ON weekly.organization_id = host.organization_id
        AND weekly.owner_id = host.user_id
{%- endif %}
{%- if var('calcom__history') %}
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
        LEFT OUTER JOIN (
            SELECT aa.organization_id AS organization_id,
            aa.user_id AS user_id,
            ap.value AS value,
            aa.valid_from AS valid_from,
            aa.valid_to AS valid_to,
            aa.is_current AS is_current,
            aa._calcom_deleted_at AS _calcom_deleted_at
            FROM {{ ref('stg_calcom__attributes') }} AS ad
            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS aa ON ad.organization_id = aa.organization_id
            AND ad.id = aa.attribute_id
            JOIN {{ ref('stg_calcom__attribute_options') }} AS ap ON ap.organization_id = aa.organization_id
            AND ap.id = aa.option_id
            WHERE ad.slug = 'department'
            AND ad._calcom_deleted_at IS NULL
            AND ap._calcom_deleted_at IS NULL
        ) AS held_chosen_0 ON held_chosen_0.organization_id = host.organization_id
        AND held_chosen_0.user_id = host.user_id
        AND held_chosen_0.valid_from < CAST(((CAST((week.last_day) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
        AND (coalesce(held_chosen_0.valid_to, held_chosen_0._calcom_deleted_at) IS NULL OR coalesce(held_chosen_0.valid_to, held_chosen_0._calcom_deleted_at) >= CAST(((CAST((week.last_day) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
        LEFT OUTER JOIN (
            SELECT aa.organization_id AS organization_id,
            aa.user_id AS user_id,
            ap.value AS value,
            aa.valid_from AS valid_from,
            aa.valid_to AS valid_to,
            aa.is_current AS is_current,
            aa._calcom_deleted_at AS _calcom_deleted_at
            FROM {{ ref('stg_calcom__attributes') }} AS ad
            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS aa ON ad.organization_id = aa.organization_id
            AND ad.id = aa.attribute_id
            JOIN {{ ref('stg_calcom__attribute_options') }} AS ap ON ap.organization_id = aa.organization_id
            AND ap.id = aa.option_id
            WHERE ad.slug = 'region'
            AND ad._calcom_deleted_at IS NULL
            AND ap._calcom_deleted_at IS NULL
        ) AS held_chosen_1 ON held_chosen_1.organization_id = host.organization_id
        AND held_chosen_1.user_id = host.user_id
        AND held_chosen_1.valid_from < CAST(((CAST((week.last_day) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
        AND (coalesce(held_chosen_1.valid_to, held_chosen_1._calcom_deleted_at) IS NULL OR coalesce(held_chosen_1.valid_to, held_chosen_1._calcom_deleted_at) >= CAST(((CAST((week.last_day) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
{%- endif %}
{%- else %}
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
        LEFT OUTER JOIN (
            SELECT aa.organization_id AS organization_id,
            aa.user_id AS user_id,
            ap.value AS value,
            aa._calcom_deleted_at AS _calcom_deleted_at
            FROM {{ ref('stg_calcom__attributes') }} AS ad
            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS aa ON ad.organization_id = aa.organization_id
            AND ad.id = aa.attribute_id
            JOIN {{ ref('stg_calcom__attribute_options') }} AS ap ON ap.organization_id = aa.organization_id
            AND ap.id = aa.option_id
            WHERE ad.slug = 'department'
            AND ad._calcom_deleted_at IS NULL
            AND ap._calcom_deleted_at IS NULL
        ) AS held_chosen_0 ON held_chosen_0.organization_id = host.organization_id
        AND held_chosen_0.user_id = host.user_id
        AND held_chosen_0._calcom_deleted_at IS NULL
        LEFT OUTER JOIN (
            SELECT aa.organization_id AS organization_id,
            aa.user_id AS user_id,
            ap.value AS value,
            aa._calcom_deleted_at AS _calcom_deleted_at
            FROM {{ ref('stg_calcom__attributes') }} AS ad
            JOIN {{ ref('stg_calcom__attribute_assignments') }} AS aa ON ad.organization_id = aa.organization_id
            AND ad.id = aa.attribute_id
            JOIN {{ ref('stg_calcom__attribute_options') }} AS ap ON ap.organization_id = aa.organization_id
            AND ap.id = aa.option_id
            WHERE ad.slug = 'region'
            AND ad._calcom_deleted_at IS NULL
            AND ap._calcom_deleted_at IS NULL
        ) AS held_chosen_1 ON held_chosen_1.organization_id = host.organization_id
        AND held_chosen_1.user_id = host.user_id
        AND held_chosen_1._calcom_deleted_at IS NULL
{%- endif %}
{%- endif %}
        UNION ALL
        SELECT booking.organization_id AS organization_id,
        booking.host_user_id AS host_user_id,
        booking.week_start AS week_start,
        CAST(NULL AS INTEGER) AS weekly_minutes,
        CAST(0 AS INTEGER) AS special_minutes,
        CAST(0 AS INTEGER) AS ooo_minutes,
        CAST(CASE WHEN (booking.status = 'accepted' AND booking.rescheduled_to_uid IS NULL) THEN coalesce(booking.duration, 0) ELSE 0 END AS INTEGER) AS booked_minutes,
        CAST(CASE WHEN (booking.status = 'accepted' AND booking.rescheduled_to_uid IS NULL) THEN 1 ELSE 0 END AS INTEGER) AS bookings,
        CAST(CASE WHEN (booking.status IN ('cancelled', 'rejected') AND booking.rescheduled_to_uid IS NULL) THEN 1 ELSE 0 END AS INTEGER) AS cancelled,
        CAST(CASE WHEN (booking.rescheduled_to_uid IS NOT NULL) THEN 1 ELSE 0 END AS INTEGER) AS rescheduled,
        CAST(CASE WHEN (booking.status = 'accepted' AND booking.rescheduled_to_uid IS NULL AND booking.absent_host IS true) THEN 1 ELSE 0 END AS INTEGER) AS no_show_host,
        CAST(CASE WHEN (booking.status = 'accepted' AND booking.rescheduled_to_uid IS NULL AND absent_attendee.booking_id IS NOT NULL) THEN 1 ELSE 0 END AS INTEGER) AS no_show_guest,
        CAST(CASE WHEN (booking.status = 'accepted' AND booking.rescheduled_to_uid IS NULL) THEN coalesce(booking.rating, 0) ELSE 0 END AS INTEGER) AS ratings,
        CAST(CASE WHEN (booking.status = 'accepted' AND booking.rescheduled_to_uid IS NULL AND booking.rating IS NOT NULL) THEN 1 ELSE 0 END AS INTEGER) AS rated,
        NULL AS chosen_0,
        NULL AS chosen_1
        FROM (
            SELECT near_booking.organization_id AS organization_id,
            h.user_id AS host_user_id,
            near_booking.week_start AS week_start,
            near_booking.booking_id AS booking_id,
            near_booking.status AS status,
            near_booking.duration AS duration,
            near_booking.absent_host AS absent_host,
            near_booking.rating AS rating,
            near_booking.rescheduled_to_uid AS rescheduled_to_uid
            FROM (
                SELECT near_day.week_start AS week_start,
                b.organization_id AS organization_id,
                b.id AS booking_id,
                b.start_at AS start_at,
                b.status AS status,
                b.duration AS duration,
                b.absent_host AS absent_host,
                b.rating AS rating,
                b.rescheduled_to_uid AS rescheduled_to_uid
                FROM {{ ref('stg_calcom__bookings') }} AS b
                JOIN (
                    SELECT DISTINCT week.week_start AS week_start,
                    (CAST((week.week_start) AS DATE) + CAST((near.number) AS INTEGER)) AS day
                    FROM (
                        SELECT wc.week_start AS week_start,
                        wc.iso_year AS iso_year,
                        wc.iso_week AS iso_week,
                        (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
                        CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
                        CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
                        CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Monday",
                        CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Tuesday",
                        CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Wednesday",
                        CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Thursday",
                        CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Friday",
                        CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Saturday",
                        CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Sunday"
                        FROM {{ ref('int_calcom__calendar') }} AS wc
                        WHERE wc.weekday = 1
                        UNION ALL
                        SELECT wc.week_start AS week_start,
                        wc.iso_year AS iso_year,
                        wc.iso_week AS iso_week,
                        (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
                        CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
                        CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
                        CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Monday",
                        CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Tuesday",
                        CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Wednesday",
                        CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Thursday",
                        CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Friday",
                        CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Saturday",
                        CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Sunday"
                        FROM {{ ref('int_calcom__calendar') }} AS wc
                        WHERE wc.weekday > 1
                        AND wc.date = (
                            SELECT min(every.date) AS min_2
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )
                    ) AS week
                    JOIN (
                        SELECT -1 AS number
                        UNION ALL
                        SELECT 0 AS number
                        UNION ALL
                        SELECT 1 AS number
                        UNION ALL
                        SELECT 2 AS number
                        UNION ALL
                        SELECT 3 AS number
                        UNION ALL
                        SELECT 4 AS number
                        UNION ALL
                        SELECT 5 AS number
                        UNION ALL
                        SELECT 6 AS number
                        UNION ALL
                        SELECT 7 AS number
                    ) AS near ON true
                ) AS near_day ON near_day.day = CAST((b.start_at) AS DATE)
                WHERE b._calcom_deleted_at IS NULL
                GROUP BY near_day.week_start,
                b.organization_id,
                b.id,
                b.start_at,
                b.status,
                b.duration,
                b.absent_host,
                b.rating,
                b.rescheduled_to_uid
            ) AS near_booking
            JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = near_booking.organization_id
            AND h.booking_id = near_booking.booking_id
            AND h.user_id IS NOT NULL
            LEFT OUTER JOIN {{ ref('stg_calcom__users') }} AS u ON u.organization_id = h.organization_id
            AND u.id = h.user_id
            AND u._calcom_deleted_at IS NULL
            LEFT OUTER JOIN {{ ref('calcom__tz_offsets') }} AS z ON z.time_zone = u.time_zone
            AND z.from_utc <= near_booking.start_at
            AND z.to_utc > near_booking.start_at
            WHERE h._calcom_deleted_at IS NULL
            AND CAST((((near_booking.start_at) + to_minutes(CAST((coalesce(z.offset_minutes, 0)) AS BIGINT)))) AS DATE) >= near_booking.week_start
            AND CAST((((near_booking.start_at) + to_minutes(CAST((coalesce(z.offset_minutes, 0)) AS BIGINT)))) AS DATE) <= (CAST((near_booking.week_start) AS DATE) + CAST((6) AS INTEGER))
            GROUP BY near_booking.organization_id,
            h.user_id,
            near_booking.week_start,
            near_booking.booking_id,
            near_booking.status,
            near_booking.duration,
            near_booking.absent_host,
            near_booking.rating,
            near_booking.rescheduled_to_uid
        ) AS booking
        LEFT OUTER JOIN (
            SELECT ba.organization_id AS organization_id,
            ba.booking_id AS booking_id
            FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
            WHERE ba.absent IS true
            AND ba._calcom_deleted_at IS NULL
            GROUP BY ba.organization_id,
            ba.booking_id
        ) AS absent_attendee ON absent_attendee.organization_id = booking.organization_id
        AND absent_attendee.booking_id = booking.booking_id
{%- if var('calcom__history') %}
{%- if var('calcom__using_schedules') %}
        UNION ALL
        SELECT usual_day.organization_id AS organization_id,
        usual_day.owner_id AS owner_id,
        usual_day.week_start AS week_start,
        CAST(NULL AS INTEGER) AS weekly_minutes,
        CAST(usual_day.minutes - usual_day.usual AS INTEGER) AS special_minutes,
        CAST(0 AS INTEGER) AS ooo_minutes,
        CAST(0 AS INTEGER) AS booked_minutes,
        CAST(0 AS INTEGER) AS bookings,
        CAST(0 AS INTEGER) AS cancelled,
        CAST(0 AS INTEGER) AS rescheduled,
        CAST(0 AS INTEGER) AS no_show_host,
        CAST(0 AS INTEGER) AS no_show_guest,
        CAST(0 AS INTEGER) AS ratings,
        CAST(0 AS INTEGER) AS rated,
        NULL AS chosen_0,
        NULL AS chosen_1
        FROM (
            SELECT special_day.organization_id AS organization_id,
            special_day.owner_id AS owner_id,
            special_day.schedule_id AS schedule_id,
            special_day.week_start AS week_start,
            special_day.weekday_name AS weekday_name,
            special_day.minutes AS minutes,
            special_day.date AS date,
            coalesce(sum((CAST(substr(ua.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(ua.end_time, 4, 2) AS INTEGER)) - (CAST(substr(ua.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(ua.start_time, 4, 2) AS INTEGER))), 0) AS usual
            FROM (
                SELECT default_schedule.organization_id AS organization_id,
                default_schedule.owner_id AS owner_id,
                default_schedule.schedule_id AS schedule_id,
                sc.week_start AS week_start,
                sc.weekday_name AS weekday_name,
                override_day.minutes AS minutes,
                sc.date AS date
                FROM (
                    SELECT wo.organization_id AS organization_id,
                    wo.schedule_id AS schedule_id,
                    wo.date AS date,
                    sum((CAST(substr(wo.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wo.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wo.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wo.start_time, 4, 2) AS INTEGER))) AS minutes
                    FROM {{ ref('stg_calcom__schedule_overrides') }} AS wo
                    WHERE wo._calcom_deleted_at IS NULL
                    GROUP BY wo.organization_id,
                    wo.schedule_id,
                    wo.date
                ) AS override_day
                JOIN {{ ref('int_calcom__calendar') }} AS sc ON sc.date = override_day.date
                JOIN (
                    SELECT s.organization_id AS organization_id,
                    s.owner_id AS owner_id,
                    min(s.id) AS schedule_id
                    FROM {{ ref('stg_calcom__schedules') }} AS s
                    WHERE s.is_default IS true
                    AND s._calcom_deleted_at IS NULL
                    GROUP BY s.organization_id,
                    s.owner_id
                ) AS default_schedule ON default_schedule.organization_id = override_day.organization_id
                AND default_schedule.schedule_id = override_day.schedule_id
            ) AS special_day
            LEFT OUTER JOIN {{ ref('stg_calcom__schedule_availability') }} AS ua ON ua.organization_id = special_day.organization_id
            AND ua.schedule_id = special_day.schedule_id
            AND contains(CAST(ua.days AS VARCHAR), ('"' || special_day.weekday_name || '"'))
            AND ua._calcom_deleted_at IS NULL
            GROUP BY special_day.organization_id,
            special_day.owner_id,
            special_day.schedule_id,
            special_day.week_start,
            special_day.weekday_name,
            special_day.minutes,
            special_day.date
        ) AS usual_day
{%- if var('calcom__using_ooo_entries') %}
        UNION ALL
        SELECT usual_day.organization_id AS organization_id,
        usual_day.user_id AS user_id,
        usual_day.week_start AS week_start,
        CAST(NULL AS INTEGER) AS weekly_minutes,
        CAST(0 AS INTEGER) AS special_minutes,
        CAST(coalesce(override_day.minutes, usual_day.usual) AS INTEGER) AS ooo_minutes,
        CAST(0 AS INTEGER) AS booked_minutes,
        CAST(0 AS INTEGER) AS bookings,
        CAST(0 AS INTEGER) AS cancelled,
        CAST(0 AS INTEGER) AS rescheduled,
        CAST(0 AS INTEGER) AS no_show_host,
        CAST(0 AS INTEGER) AS no_show_guest,
        CAST(0 AS INTEGER) AS ratings,
        CAST(0 AS INTEGER) AS rated,
        NULL AS chosen_0,
        NULL AS chosen_1
        FROM (
            SELECT own_day.organization_id AS organization_id,
            own_day.user_id AS user_id,
            own_day.date AS date,
            own_day.weekday_name AS weekday_name,
            own_day.week_start AS week_start,
            own_day.schedule_id AS schedule_id,
            coalesce(sum((CAST(substr(ua.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(ua.end_time, 4, 2) AS INTEGER)) - (CAST(substr(ua.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(ua.start_time, 4, 2) AS INTEGER))), 0) AS usual
            FROM (
                SELECT out_day.organization_id AS organization_id,
                out_day.user_id AS user_id,
                out_day.date AS date,
                out_day.weekday_name AS weekday_name,
                out_day.week_start AS week_start,
                default_schedule.schedule_id AS schedule_id
                FROM (
                    SELECT wx.organization_id AS organization_id,
                    wx.user_id AS user_id,
                    xc.date AS date,
                    xc.weekday_name AS weekday_name,
                    week.week_start AS week_start
                    FROM {{ ref('stg_calcom__ooo_entries') }} AS wx
                    JOIN (
                        SELECT wc.week_start AS week_start,
                        wc.iso_year AS iso_year,
                        wc.iso_week AS iso_week,
                        (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
                        CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
                        CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
                        CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Monday",
                        CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Tuesday",
                        CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Wednesday",
                        CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Thursday",
                        CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Friday",
                        CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Saturday",
                        CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Sunday"
                        FROM {{ ref('int_calcom__calendar') }} AS wc
                        WHERE wc.weekday = 1
                        UNION ALL
                        SELECT wc.week_start AS week_start,
                        wc.iso_year AS iso_year,
                        wc.iso_week AS iso_week,
                        (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
                        CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
                        CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
                        CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Monday",
                        CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Tuesday",
                        CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Wednesday",
                        CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Thursday",
                        CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Friday",
                        CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Saturday",
                        CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Sunday"
                        FROM {{ ref('int_calcom__calendar') }} AS wc
                        WHERE wc.weekday > 1
                        AND wc.date = (
                            SELECT min(every.date) AS min_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )
                    ) AS week ON wx.start_at < week.end_utc
                    AND wx.end_at >= week.begin_utc
                    JOIN {{ ref('int_calcom__calendar') }} AS xc ON xc.week_start = week.week_start
                    AND wx.start_at < CAST(((CAST((xc.date) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
                    AND wx.end_at >= CAST((xc.date) AS TIMESTAMP)
                    WHERE coalesce(wx.valid_to, wx._calcom_deleted_at) IS NULL
                    OR coalesce(wx.valid_to, wx._calcom_deleted_at) >= CAST(((CAST((xc.date) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
                    GROUP BY wx.organization_id,
                    wx.user_id,
                    xc.date,
                    xc.weekday_name,
                    week.week_start
                ) AS out_day
                JOIN (
                    SELECT s.organization_id AS organization_id,
                    s.owner_id AS owner_id,
                    min(s.id) AS schedule_id
                    FROM {{ ref('stg_calcom__schedules') }} AS s
                    WHERE s.is_default IS true
                    AND s._calcom_deleted_at IS NULL
                    GROUP BY s.organization_id,
                    s.owner_id
                ) AS default_schedule ON default_schedule.organization_id = out_day.organization_id
                AND default_schedule.owner_id = out_day.user_id
            ) AS own_day
            LEFT OUTER JOIN {{ ref('stg_calcom__schedule_availability') }} AS ua ON ua.organization_id = own_day.organization_id
            AND ua.schedule_id = own_day.schedule_id
            AND contains(CAST(ua.days AS VARCHAR), ('"' || own_day.weekday_name || '"'))
            AND ua._calcom_deleted_at IS NULL
            GROUP BY own_day.organization_id,
            own_day.user_id,
            own_day.date,
            own_day.weekday_name,
            own_day.week_start,
            own_day.schedule_id
        ) AS usual_day
        LEFT OUTER JOIN (
            SELECT wo.organization_id AS organization_id,
            wo.schedule_id AS schedule_id,
            wo.date AS date,
            sum((CAST(substr(wo.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wo.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wo.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wo.start_time, 4, 2) AS INTEGER))) AS minutes
            FROM {{ ref('stg_calcom__schedule_overrides') }} AS wo
            WHERE wo._calcom_deleted_at IS NULL
            GROUP BY wo.organization_id,
            wo.schedule_id,
            wo.date
        ) AS override_day ON override_day.organization_id = usual_day.organization_id
        AND override_day.schedule_id = usual_day.schedule_id
        AND override_day.date = usual_day.date
{%- endif %}
{%- endif %}
{%- else %}
{%- if var('calcom__using_schedules') %}
        UNION ALL
        SELECT usual_day.organization_id AS organization_id,
        usual_day.owner_id AS owner_id,
        usual_day.week_start AS week_start,
        CAST(NULL AS INTEGER) AS weekly_minutes,
        CAST(usual_day.minutes - usual_day.usual AS INTEGER) AS special_minutes,
        CAST(0 AS INTEGER) AS ooo_minutes,
        CAST(0 AS INTEGER) AS booked_minutes,
        CAST(0 AS INTEGER) AS bookings,
        CAST(0 AS INTEGER) AS cancelled,
        CAST(0 AS INTEGER) AS rescheduled,
        CAST(0 AS INTEGER) AS no_show_host,
        CAST(0 AS INTEGER) AS no_show_guest,
        CAST(0 AS INTEGER) AS ratings,
        CAST(0 AS INTEGER) AS rated,
        NULL AS chosen_0,
        NULL AS chosen_1
        FROM (
            SELECT special_day.organization_id AS organization_id,
            special_day.owner_id AS owner_id,
            special_day.schedule_id AS schedule_id,
            special_day.week_start AS week_start,
            special_day.weekday_name AS weekday_name,
            special_day.minutes AS minutes,
            special_day.date AS date,
            coalesce(sum((CAST(substr(ua.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(ua.end_time, 4, 2) AS INTEGER)) - (CAST(substr(ua.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(ua.start_time, 4, 2) AS INTEGER))), 0) AS usual
            FROM (
                SELECT default_schedule.organization_id AS organization_id,
                default_schedule.owner_id AS owner_id,
                default_schedule.schedule_id AS schedule_id,
                sc.week_start AS week_start,
                sc.weekday_name AS weekday_name,
                override_day.minutes AS minutes,
                sc.date AS date
                FROM (
                    SELECT wo.organization_id AS organization_id,
                    wo.schedule_id AS schedule_id,
                    wo.date AS date,
                    sum((CAST(substr(wo.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wo.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wo.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wo.start_time, 4, 2) AS INTEGER))) AS minutes
                    FROM {{ ref('stg_calcom__schedule_overrides') }} AS wo
                    WHERE wo._calcom_deleted_at IS NULL
                    GROUP BY wo.organization_id,
                    wo.schedule_id,
                    wo.date
                ) AS override_day
                JOIN {{ ref('int_calcom__calendar') }} AS sc ON sc.date = override_day.date
                JOIN (
                    SELECT s.organization_id AS organization_id,
                    s.owner_id AS owner_id,
                    min(s.id) AS schedule_id
                    FROM {{ ref('stg_calcom__schedules') }} AS s
                    WHERE s.is_default IS true
                    AND s._calcom_deleted_at IS NULL
                    GROUP BY s.organization_id,
                    s.owner_id
                ) AS default_schedule ON default_schedule.organization_id = override_day.organization_id
                AND default_schedule.schedule_id = override_day.schedule_id
            ) AS special_day
            LEFT OUTER JOIN {{ ref('stg_calcom__schedule_availability') }} AS ua ON ua.organization_id = special_day.organization_id
            AND ua.schedule_id = special_day.schedule_id
            AND contains(CAST(ua.days AS VARCHAR), ('"' || special_day.weekday_name || '"'))
            AND ua._calcom_deleted_at IS NULL
            GROUP BY special_day.organization_id,
            special_day.owner_id,
            special_day.schedule_id,
            special_day.week_start,
            special_day.weekday_name,
            special_day.minutes,
            special_day.date
        ) AS usual_day
{%- if var('calcom__using_ooo_entries') %}
        UNION ALL
        SELECT usual_day.organization_id AS organization_id,
        usual_day.user_id AS user_id,
        usual_day.week_start AS week_start,
        CAST(NULL AS INTEGER) AS weekly_minutes,
        CAST(0 AS INTEGER) AS special_minutes,
        CAST(coalesce(override_day.minutes, usual_day.usual) AS INTEGER) AS ooo_minutes,
        CAST(0 AS INTEGER) AS booked_minutes,
        CAST(0 AS INTEGER) AS bookings,
        CAST(0 AS INTEGER) AS cancelled,
        CAST(0 AS INTEGER) AS rescheduled,
        CAST(0 AS INTEGER) AS no_show_host,
        CAST(0 AS INTEGER) AS no_show_guest,
        CAST(0 AS INTEGER) AS ratings,
        CAST(0 AS INTEGER) AS rated,
        NULL AS chosen_0,
        NULL AS chosen_1
        FROM (
            SELECT own_day.organization_id AS organization_id,
            own_day.user_id AS user_id,
            own_day.date AS date,
            own_day.weekday_name AS weekday_name,
            own_day.week_start AS week_start,
            own_day.schedule_id AS schedule_id,
            coalesce(sum((CAST(substr(ua.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(ua.end_time, 4, 2) AS INTEGER)) - (CAST(substr(ua.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(ua.start_time, 4, 2) AS INTEGER))), 0) AS usual
            FROM (
                SELECT out_day.organization_id AS organization_id,
                out_day.user_id AS user_id,
                out_day.date AS date,
                out_day.weekday_name AS weekday_name,
                out_day.week_start AS week_start,
                default_schedule.schedule_id AS schedule_id
                FROM (
                    SELECT wx.organization_id AS organization_id,
                    wx.user_id AS user_id,
                    xc.date AS date,
                    xc.weekday_name AS weekday_name,
                    week.week_start AS week_start
                    FROM {{ ref('stg_calcom__ooo_entries') }} AS wx
                    JOIN (
                        SELECT wc.week_start AS week_start,
                        wc.iso_year AS iso_year,
                        wc.iso_week AS iso_week,
                        (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
                        CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
                        CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
                        CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Monday",
                        CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Tuesday",
                        CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Wednesday",
                        CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Thursday",
                        CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Friday",
                        CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Saturday",
                        CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Sunday"
                        FROM {{ ref('int_calcom__calendar') }} AS wc
                        WHERE wc.weekday = 1
                        UNION ALL
                        SELECT wc.week_start AS week_start,
                        wc.iso_year AS iso_year,
                        wc.iso_week AS iso_week,
                        (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
                        CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
                        CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
                        CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Monday",
                        CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Tuesday",
                        CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Wednesday",
                        CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Thursday",
                        CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Friday",
                        CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Saturday",
                        CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
                            SELECT max(every.date) AS max_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )) THEN 1 ELSE 0 END AS "Sunday"
                        FROM {{ ref('int_calcom__calendar') }} AS wc
                        WHERE wc.weekday > 1
                        AND wc.date = (
                            SELECT min(every.date) AS min_3
                            FROM {{ ref('int_calcom__calendar') }} AS every
                        )
                    ) AS week ON wx.start_at < week.end_utc
                    AND wx.end_at >= week.begin_utc
                    JOIN {{ ref('int_calcom__calendar') }} AS xc ON xc.week_start = week.week_start
                    AND wx.start_at < CAST(((CAST((xc.date) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
                    AND wx.end_at >= CAST((xc.date) AS TIMESTAMP)
                    WHERE wx._calcom_deleted_at IS NULL
                    OR wx._calcom_deleted_at >= CAST(((CAST((xc.date) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
                    GROUP BY wx.organization_id,
                    wx.user_id,
                    xc.date,
                    xc.weekday_name,
                    week.week_start
                ) AS out_day
                JOIN (
                    SELECT s.organization_id AS organization_id,
                    s.owner_id AS owner_id,
                    min(s.id) AS schedule_id
                    FROM {{ ref('stg_calcom__schedules') }} AS s
                    WHERE s.is_default IS true
                    AND s._calcom_deleted_at IS NULL
                    GROUP BY s.organization_id,
                    s.owner_id
                ) AS default_schedule ON default_schedule.organization_id = out_day.organization_id
                AND default_schedule.owner_id = out_day.user_id
            ) AS own_day
            LEFT OUTER JOIN {{ ref('stg_calcom__schedule_availability') }} AS ua ON ua.organization_id = own_day.organization_id
            AND ua.schedule_id = own_day.schedule_id
            AND contains(CAST(ua.days AS VARCHAR), ('"' || own_day.weekday_name || '"'))
            AND ua._calcom_deleted_at IS NULL
            GROUP BY own_day.organization_id,
            own_day.user_id,
            own_day.date,
            own_day.weekday_name,
            own_day.week_start,
            own_day.schedule_id
        ) AS usual_day
        LEFT OUTER JOIN (
            SELECT wo.organization_id AS organization_id,
            wo.schedule_id AS schedule_id,
            wo.date AS date,
            sum((CAST(substr(wo.end_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wo.end_time, 4, 2) AS INTEGER)) - (CAST(substr(wo.start_time, 1, 2) AS INTEGER) * 60 + CAST(substr(wo.start_time, 4, 2) AS INTEGER))) AS minutes
            FROM {{ ref('stg_calcom__schedule_overrides') }} AS wo
            WHERE wo._calcom_deleted_at IS NULL
            GROUP BY wo.organization_id,
            wo.schedule_id,
            wo.date
        ) AS override_day ON override_day.organization_id = usual_day.organization_id
        AND override_day.schedule_id = usual_day.schedule_id
        AND override_day.date = usual_day.date
{%- endif %}
{%- endif %}
{%- endif %}
    ) AS fact
    GROUP BY fact.organization_id,
    fact.host_user_id,
    fact.week_start
    HAVING max(fact.weekly_minutes) IS NOT NULL
) AS summed
JOIN (
    SELECT wc.week_start AS week_start,
    wc.iso_year AS iso_year,
    wc.iso_week AS iso_week,
    (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
    CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
    CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
    CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Monday",
    CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Tuesday",
    CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Wednesday",
    CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Thursday",
    CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Friday",
    CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Saturday",
    CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Sunday"
    FROM {{ ref('int_calcom__calendar') }} AS wc
    WHERE wc.weekday = 1
    UNION ALL
    SELECT wc.week_start AS week_start,
    wc.iso_year AS iso_year,
    wc.iso_week AS iso_week,
    (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) AS last_day,
    CAST((wc.week_start) AS TIMESTAMP) AS begin_utc,
    CAST(((CAST((wc.week_start) AS DATE) + CAST((7) AS INTEGER))) AS TIMESTAMP) AS end_utc,
    CASE WHEN (wc.weekday <= 1 AND (CAST((wc.week_start) AS DATE) + CAST((0) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Monday",
    CASE WHEN (wc.weekday <= 2 AND (CAST((wc.week_start) AS DATE) + CAST((1) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Tuesday",
    CASE WHEN (wc.weekday <= 3 AND (CAST((wc.week_start) AS DATE) + CAST((2) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Wednesday",
    CASE WHEN (wc.weekday <= 4 AND (CAST((wc.week_start) AS DATE) + CAST((3) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Thursday",
    CASE WHEN (wc.weekday <= 5 AND (CAST((wc.week_start) AS DATE) + CAST((4) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Friday",
    CASE WHEN (wc.weekday <= 6 AND (CAST((wc.week_start) AS DATE) + CAST((5) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Saturday",
    CASE WHEN (wc.weekday <= 7 AND (CAST((wc.week_start) AS DATE) + CAST((6) AS INTEGER)) <= (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT max(every.date) AS max_4
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
{%- else %}
        SELECT max(every.date) AS max_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )) THEN 1 ELSE 0 END AS "Sunday"
    FROM {{ ref('int_calcom__calendar') }} AS wc
    WHERE wc.weekday > 1
    AND wc.date = (
{%- if var('calcom__using_schedules') %}
{%- if var('calcom__using_ooo_entries') %}
        SELECT min(every.date) AS min_4
{%- else %}
        SELECT min(every.date) AS min_3
{%- endif %}
{%- else %}
        SELECT min(every.date) AS min_3
{%- endif %}
        FROM {{ ref('int_calcom__calendar') }} AS every
    )
) AS week ON week.week_start = summed.week_start
{% endmacro %}
