{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_team_event_types')) }}

with source as (

    select * from {{ source('calcom', 'team_event_types') }}
    {{ calcom.present_rows(source('calcom', 'team_event_types'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'team_event_types'), [
            ['organization_id', 'integer'],
            ['id', 'integer'],
            ['title', 'text'],
            ['slug', 'text'],
            ['description', 'text'],
            ['length_in_minutes', 'integer'],
            ['length_in_minutes_options', 'json'],
            ['custom_name', 'text'],
            ['hidden', 'boolean'],
            ['schedule_id', 'integer'],
            ['price', 'float'],
            ['currency', 'text'],
            ['booking_fields', 'json'],
            ['recurrence', 'json'],
            ['disable_guests', 'boolean'],
            ['slot_interval', 'integer'],
            ['minimum_booking_notice', 'integer'],
            ['before_event_buffer', 'integer'],
            ['after_event_buffer', 'integer'],
            ['metadata', 'json'],
            ['lock_time_zone_toggle_on_booking_page', 'boolean'],
            ['forward_params_success_redirect', 'boolean'],
            ['success_redirect_url', 'text'],
            ['is_instant_event', 'boolean'],
            ['seats_per_time_slot', 'integer'],
            ['seats_show_availability_count', 'boolean'],
            ['seats', 'json'],
            ['booking_limits_count', 'json'],
            ['booking_limits_duration', 'json'],
            ['booker_active_bookings_limit', 'json'],
            ['only_show_first_available_slot', 'boolean'],
            ['offset_start', 'integer'],
            ['booking_window', 'json'],
            ['booker_layouts', 'json'],
            ['confirmation_policy', 'json'],
            ['requires_booker_email_verification', 'boolean'],
            ['booking_requires_authentication', 'boolean'],
            ['hide_calendar_notes', 'boolean'],
            ['hide_calendar_event_details', 'boolean'],
            ['hide_organizer_email', 'boolean'],
            ['use_destination_calendar_email', 'boolean'],
            ['destination_calendar', 'json'],
            ['cal_video_settings', 'json'],
            ['color', 'json'],
            ['disable_cancelling', 'json'],
            ['disable_rescheduling', 'json'],
            ['interface_language', 'text'],
            ['allow_rescheduling_past_bookings', 'boolean'],
            ['allow_rescheduling_cancelled_bookings', 'boolean'],
            ['show_optimized_slots', 'boolean'],
            ['team_id', 'integer'],
            ['owner_id', 'integer'],
            ['parent_event_type_id', 'integer'],
            ['scheduling_type', 'text'],
            ['assign_all_team_members', 'boolean'],
            ['reschedule_with_same_round_robin_host', 'boolean'],
            ['email_settings', 'json'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
