{# made by tools/make_dbt_package.py, do not edit #}
{% macro duckdb__rpt_routing_outcome() %}
SELECT hosted.organization_id,
hosted.response_id,
hosted.form_id,
hosted.created_at,
hosted.routed_to_booking_uid,
hosted.routed_to_booking_uid IS NOT NULL AS booked,
hosted.booking_id,
hosted.host_user_id,
hosted.host_attribute_value,
CASE WHEN (hosted.is_out = 1) THEN true WHEN (hosted.is_out = 0) THEN false END AS host_out_on_day,
CAST(trunc((floor(epoch(hosted.booking_created_at)) - floor(epoch(hosted.created_at))) / 60) AS BIGINT) AS minutes_to_booking,
CASE WHEN (hosted.routed_to_booking_uid IS NULL) THEN 'no_booking' WHEN (hosted.booking_id IS NULL) THEN 'booking_not_synced' WHEN (hosted.booking_rescheduled_to_uid IS NOT NULL) THEN 'rescheduled' WHEN (hosted.booking_status = 'cancelled') THEN 'cancelled' WHEN (hosted.booking_status = 'rejected') THEN 'rejected' WHEN (hosted.booking_status IS NULL OR hosted.booking_status != 'accepted') THEN 'pending' WHEN (hosted.host_absent = 1) THEN 'no_show_host' WHEN (hosted.guest_absent = 1) THEN 'no_show_guest' WHEN (coalesce(hosted.booking_end_at, hosted.booking_start_at) > make_timestamp(epoch_us(now()))) THEN 'upcoming' ELSE 'held' END AS outcome,
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
    SELECT matched.organization_id AS organization_id,
    matched.response_id AS response_id,
    matched.form_id AS form_id,
    matched.created_at AS created_at,
    matched.routed_to_booking_uid AS routed_to_booking_uid,
    matched.booking_id AS booking_id,
    matched.booking_start_at AS booking_start_at,
    matched.booking_end_at AS booking_end_at,
    matched.booking_created_at AS booking_created_at,
    matched.booking_status AS booking_status,
    matched.booking_rescheduled_to_uid AS booking_rescheduled_to_uid,
    matched.host_absent AS host_absent,
{%- if var('calcom__using_ooo_entries') %}
{%- if var('calcom__using_bookings') %}
    h.user_id AS host_user_id,
    max(CASE WHEN (o.id IS NOT NULL) THEN 1 WHEN (h.user_id IS NOT NULL) THEN 0 END) AS is_out,
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
    min(held.value) AS host_attribute_value,
{%- else %}
    CAST(NULL AS TEXT) AS host_attribute_value,
{%- endif %}
    max(CASE WHEN (absent_attendee.booking_id IS NOT NULL) THEN 1 ELSE 0 END) AS guest_absent
{%- else %}
    CAST(NULL AS BIGINT) AS host_user_id,
    CAST(NULL AS INTEGER) AS is_out,
    CAST(NULL AS TEXT) AS host_attribute_value,
    0 AS guest_absent
{%- endif %}
{%- else %}
{%- if var('calcom__using_bookings') %}
    h.user_id AS host_user_id,
{%- else %}
    CAST(NULL AS BIGINT) AS host_user_id,
{%- endif %}
    CAST(NULL AS INTEGER) AS is_out,
{%- if var('calcom__using_bookings') %}
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
    min(held.value) AS host_attribute_value,
{%- else %}
    CAST(NULL AS TEXT) AS host_attribute_value,
{%- endif %}
    max(CASE WHEN (absent_attendee.booking_id IS NOT NULL) THEN 1 ELSE 0 END) AS guest_absent
{%- else %}
    CAST(NULL AS TEXT) AS host_attribute_value,
    0 AS guest_absent
{%- endif %}
{%- endif %}
    FROM (
{%- if var('calcom__using_bookings') %}
        SELECT response.organization_id AS organization_id,
        response.response_id AS response_id,
        response.form_id AS form_id,
        response.created_at AS created_at,
        response.routed_to_booking_uid AS routed_to_booking_uid,
        response.booking_id AS booking_id,
        response.booking_start_at AS booking_start_at,
        response.booking_end_at AS booking_end_at,
        response.booking_created_at AS booking_created_at,
        response.booking_status AS booking_status,
        response.booking_rescheduled_to_uid AS booking_rescheduled_to_uid,
        response.host_absent AS host_absent,
        min(fh.position) AS position
        FROM (
            SELECT r.organization_id AS organization_id,
            r.id AS response_id,
            r.form_id AS form_id,
            r.created_at AS created_at,
            r.routed_to_booking_uid AS routed_to_booking_uid,
            b.id AS booking_id,
            b.start_at AS booking_start_at,
            b.end_at AS booking_end_at,
            b.created_at AS booking_created_at,
            b.status AS booking_status,
            b.rescheduled_to_uid AS booking_rescheduled_to_uid,
            CASE WHEN (b.absent_host IS true) THEN 1 ELSE 0 END AS host_absent
            FROM {{ ref('stg_calcom__routing_form_responses') }} AS r
            LEFT OUTER JOIN {{ ref('stg_calcom__bookings') }} AS b ON b.organization_id = r.organization_id
            AND b.uid = r.routed_to_booking_uid
            AND b._calcom_deleted_at IS NULL
            WHERE r._calcom_deleted_at IS NULL
        ) AS response
        LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS fh ON fh.organization_id = response.organization_id
        AND fh.booking_id = response.booking_id
        AND fh._calcom_deleted_at IS NULL
        GROUP BY response.organization_id,
        response.response_id,
        response.form_id,
        response.created_at,
        response.routed_to_booking_uid,
        response.booking_id,
        response.booking_start_at,
        response.booking_end_at,
        response.booking_created_at,
        response.booking_status,
        response.booking_rescheduled_to_uid,
        response.host_absent
{%- else %}
        SELECT r.organization_id AS organization_id,
        r.id AS response_id,
        r.form_id AS form_id,
        r.created_at AS created_at,
        r.routed_to_booking_uid AS routed_to_booking_uid,
        CAST(NULL AS BIGINT) AS booking_id,
        CAST(NULL AS TIMESTAMP WITHOUT TIME ZONE) AS booking_start_at,
        CAST(NULL AS TIMESTAMP WITHOUT TIME ZONE) AS booking_end_at,
        CAST(NULL AS TIMESTAMP WITHOUT TIME ZONE) AS booking_created_at,
        CAST(NULL AS TEXT) AS booking_status,
        CAST(NULL AS TEXT) AS booking_rescheduled_to_uid,
        0 AS host_absent
        FROM {{ ref('stg_calcom__routing_form_responses') }} AS r
        WHERE r._calcom_deleted_at IS NULL
{%- endif %}
    ) AS matched
{%- if var('calcom__history') %}
{%- if var('calcom__using_users') %}
{%- if var('calcom__using_ooo_entries') %}
{%- if var('calcom__using_bookings') %}
    LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = matched.organization_id
    AND h.booking_id = matched.booking_id
    AND h.position = matched.position
    LEFT OUTER JOIN {{ ref('stg_calcom__users') }} AS u ON u.organization_id = h.organization_id
    AND u.id = h.user_id
    AND u._calcom_deleted_at IS NULL
    LEFT OUTER JOIN {{ ref('calcom__tz_offsets') }} AS z ON z.time_zone = u.time_zone
    AND z.from_utc <= matched.booking_start_at
    AND z.to_utc > matched.booking_start_at
    LEFT OUTER JOIN {{ ref('stg_calcom__ooo_entries') }} AS o ON o.organization_id = h.organization_id
    AND o.user_id = h.user_id
    AND CAST((((matched.booking_start_at) + to_minutes(CAST((coalesce(z.offset_minutes, 0)) AS BIGINT)))) AS DATE) >= CAST((o.start_at) AS DATE)
    AND CAST((((matched.booking_start_at) + to_minutes(CAST((coalesce(z.offset_minutes, 0)) AS BIGINT)))) AS DATE) <= CAST((o.end_at) AS DATE)
    AND (coalesce(o.valid_to, o._calcom_deleted_at) IS NULL OR coalesce(o.valid_to, o._calcom_deleted_at) >= CAST(((CAST((CAST((((matched.booking_start_at) + to_minutes(CAST((coalesce(z.offset_minutes, 0)) AS BIGINT)))) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
    LEFT OUTER JOIN (
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
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
    ) AS held ON held.organization_id = h.organization_id
    AND held.user_id = h.user_id
    AND held.valid_from < CAST(((CAST((CAST((matched.created_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
    AND (coalesce(held.valid_to, held._calcom_deleted_at) IS NULL OR coalesce(held.valid_to, held._calcom_deleted_at) >= CAST(((CAST((CAST((matched.created_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
    LEFT OUTER JOIN (
{%- endif %}
        SELECT ba.organization_id AS organization_id,
        ba.booking_id AS booking_id
        FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
        WHERE ba.absent IS true
        AND ba._calcom_deleted_at IS NULL
        GROUP BY ba.organization_id,
        ba.booking_id
    ) AS absent_attendee ON absent_attendee.organization_id = matched.organization_id
    AND absent_attendee.booking_id = matched.booking_id
{%- endif %}
{%- else %}
{%- if var('calcom__using_bookings') %}
    LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = matched.organization_id
    AND h.booking_id = matched.booking_id
    AND h.position = matched.position
    LEFT OUTER JOIN (
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
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
    ) AS held ON held.organization_id = h.organization_id
    AND held.user_id = h.user_id
    AND held.valid_from < CAST(((CAST((CAST((matched.created_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
    AND (coalesce(held.valid_to, held._calcom_deleted_at) IS NULL OR coalesce(held.valid_to, held._calcom_deleted_at) >= CAST(((CAST((CAST((matched.created_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
    LEFT OUTER JOIN (
{%- endif %}
        SELECT ba.organization_id AS organization_id,
        ba.booking_id AS booking_id
        FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
        WHERE ba.absent IS true
        AND ba._calcom_deleted_at IS NULL
        GROUP BY ba.organization_id,
        ba.booking_id
    ) AS absent_attendee ON absent_attendee.organization_id = matched.organization_id
    AND absent_attendee.booking_id = matched.booking_id
{%- endif %}
{%- endif %}
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
{%- if var('calcom__using_bookings') %}
    LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = matched.organization_id
    AND h.booking_id = matched.booking_id
    AND h.position = matched.position
    LEFT OUTER JOIN {{ ref('stg_calcom__ooo_entries') }} AS o ON o.organization_id = h.organization_id
    AND o.user_id = h.user_id
    AND CAST((matched.booking_start_at) AS DATE) >= CAST((o.start_at) AS DATE)
    AND CAST((matched.booking_start_at) AS DATE) <= CAST((o.end_at) AS DATE)
    AND (coalesce(o.valid_to, o._calcom_deleted_at) IS NULL OR coalesce(o.valid_to, o._calcom_deleted_at) >= CAST(((CAST((CAST((matched.booking_start_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
    LEFT OUTER JOIN (
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
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
    ) AS held ON held.organization_id = h.organization_id
    AND held.user_id = h.user_id
    AND held.valid_from < CAST(((CAST((CAST((matched.created_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
    AND (coalesce(held.valid_to, held._calcom_deleted_at) IS NULL OR coalesce(held.valid_to, held._calcom_deleted_at) >= CAST(((CAST((CAST((matched.created_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
    LEFT OUTER JOIN (
{%- endif %}
        SELECT ba.organization_id AS organization_id,
        ba.booking_id AS booking_id
        FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
        WHERE ba.absent IS true
        AND ba._calcom_deleted_at IS NULL
        GROUP BY ba.organization_id,
        ba.booking_id
    ) AS absent_attendee ON absent_attendee.organization_id = matched.organization_id
    AND absent_attendee.booking_id = matched.booking_id
{%- endif %}
{%- else %}
{%- if var('calcom__using_bookings') %}
    LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = matched.organization_id
    AND h.booking_id = matched.booking_id
    AND h.position = matched.position
    LEFT OUTER JOIN (
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
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
    ) AS held ON held.organization_id = h.organization_id
    AND held.user_id = h.user_id
    AND held.valid_from < CAST(((CAST((CAST((matched.created_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP)
    AND (coalesce(held.valid_to, held._calcom_deleted_at) IS NULL OR coalesce(held.valid_to, held._calcom_deleted_at) >= CAST(((CAST((CAST((matched.created_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
    LEFT OUTER JOIN (
{%- endif %}
        SELECT ba.organization_id AS organization_id,
        ba.booking_id AS booking_id
        FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
        WHERE ba.absent IS true
        AND ba._calcom_deleted_at IS NULL
        GROUP BY ba.organization_id,
        ba.booking_id
    ) AS absent_attendee ON absent_attendee.organization_id = matched.organization_id
    AND absent_attendee.booking_id = matched.booking_id
{%- endif %}
{%- endif %}
{%- endif %}
{%- else %}
{%- if var('calcom__using_users') %}
{%- if var('calcom__using_ooo_entries') %}
{%- if var('calcom__using_bookings') %}
    LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = matched.organization_id
    AND h.booking_id = matched.booking_id
    AND h.position = matched.position
    LEFT OUTER JOIN {{ ref('stg_calcom__users') }} AS u ON u.organization_id = h.organization_id
    AND u.id = h.user_id
    AND u._calcom_deleted_at IS NULL
    LEFT OUTER JOIN {{ ref('calcom__tz_offsets') }} AS z ON z.time_zone = u.time_zone
    AND z.from_utc <= matched.booking_start_at
    AND z.to_utc > matched.booking_start_at
    LEFT OUTER JOIN {{ ref('stg_calcom__ooo_entries') }} AS o ON o.organization_id = h.organization_id
    AND o.user_id = h.user_id
    AND CAST((((matched.booking_start_at) + to_minutes(CAST((coalesce(z.offset_minutes, 0)) AS BIGINT)))) AS DATE) >= CAST((o.start_at) AS DATE)
    AND CAST((((matched.booking_start_at) + to_minutes(CAST((coalesce(z.offset_minutes, 0)) AS BIGINT)))) AS DATE) <= CAST((o.end_at) AS DATE)
    AND (o._calcom_deleted_at IS NULL OR o._calcom_deleted_at >= CAST(((CAST((CAST((((matched.booking_start_at) + to_minutes(CAST((coalesce(z.offset_minutes, 0)) AS BIGINT)))) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
    LEFT OUTER JOIN (
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
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
    ) AS held ON held.organization_id = h.organization_id
    AND held.user_id = h.user_id
    AND held._calcom_deleted_at IS NULL
    LEFT OUTER JOIN (
{%- endif %}
        SELECT ba.organization_id AS organization_id,
        ba.booking_id AS booking_id
        FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
        WHERE ba.absent IS true
        AND ba._calcom_deleted_at IS NULL
        GROUP BY ba.organization_id,
        ba.booking_id
    ) AS absent_attendee ON absent_attendee.organization_id = matched.organization_id
    AND absent_attendee.booking_id = matched.booking_id
{%- endif %}
{%- else %}
{%- if var('calcom__using_bookings') %}
    LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = matched.organization_id
    AND h.booking_id = matched.booking_id
    AND h.position = matched.position
    LEFT OUTER JOIN (
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
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
    ) AS held ON held.organization_id = h.organization_id
    AND held.user_id = h.user_id
    AND held._calcom_deleted_at IS NULL
    LEFT OUTER JOIN (
{%- endif %}
        SELECT ba.organization_id AS organization_id,
        ba.booking_id AS booking_id
        FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
        WHERE ba.absent IS true
        AND ba._calcom_deleted_at IS NULL
        GROUP BY ba.organization_id,
        ba.booking_id
    ) AS absent_attendee ON absent_attendee.organization_id = matched.organization_id
    AND absent_attendee.booking_id = matched.booking_id
{%- endif %}
{%- endif %}
{%- else %}
{%- if var('calcom__using_ooo_entries') %}
{%- if var('calcom__using_bookings') %}
    LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = matched.organization_id
    AND h.booking_id = matched.booking_id
    AND h.position = matched.position
    LEFT OUTER JOIN {{ ref('stg_calcom__ooo_entries') }} AS o ON o.organization_id = h.organization_id
    AND o.user_id = h.user_id
    AND CAST((matched.booking_start_at) AS DATE) >= CAST((o.start_at) AS DATE)
    AND CAST((matched.booking_start_at) AS DATE) <= CAST((o.end_at) AS DATE)
    AND (o._calcom_deleted_at IS NULL OR o._calcom_deleted_at >= CAST(((CAST((CAST((matched.booking_start_at) AS DATE)) AS DATE) + CAST((1) AS INTEGER))) AS TIMESTAMP))
    LEFT OUTER JOIN (
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
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
    ) AS held ON held.organization_id = h.organization_id
    AND held.user_id = h.user_id
    AND held._calcom_deleted_at IS NULL
    LEFT OUTER JOIN (
{%- endif %}
        SELECT ba.organization_id AS organization_id,
        ba.booking_id AS booking_id
        FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
        WHERE ba.absent IS true
        AND ba._calcom_deleted_at IS NULL
        GROUP BY ba.organization_id,
        ba.booking_id
    ) AS absent_attendee ON absent_attendee.organization_id = matched.organization_id
    AND absent_attendee.booking_id = matched.booking_id
{%- endif %}
{%- else %}
{%- if var('calcom__using_bookings') %}
    LEFT OUTER JOIN {{ ref('stg_calcom__booking_hosts') }} AS h ON h.organization_id = matched.organization_id
    AND h.booking_id = matched.booking_id
    AND h.position = matched.position
    LEFT OUTER JOIN (
{%- if var('calcom__using_attributes') and var('calcom__using_attribute_options') and var('calcom__using_attribute_assignments') %}
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
    ) AS held ON held.organization_id = h.organization_id
    AND held.user_id = h.user_id
    AND held._calcom_deleted_at IS NULL
    LEFT OUTER JOIN (
{%- endif %}
        SELECT ba.organization_id AS organization_id,
        ba.booking_id AS booking_id
        FROM {{ ref('stg_calcom__booking_attendees') }} AS ba
        WHERE ba.absent IS true
        AND ba._calcom_deleted_at IS NULL
        GROUP BY ba.organization_id,
        ba.booking_id
    ) AS absent_attendee ON absent_attendee.organization_id = matched.organization_id
    AND absent_attendee.booking_id = matched.booking_id
{%- endif %}
{%- endif %}
{%- endif %}
{%- endif %}
    GROUP BY matched.organization_id,
    matched.response_id,
    matched.form_id,
    matched.created_at,
    matched.routed_to_booking_uid,
    matched.booking_id,
    matched.booking_start_at,
    matched.booking_end_at,
    matched.booking_created_at,
    matched.booking_status,
    matched.booking_rescheduled_to_uid,
{%- if var('calcom__using_bookings') %}
    matched.host_absent,
    h.user_id
{%- else %}
    matched.host_absent
{%- endif %}
) AS hosted
{% endmacro %}
