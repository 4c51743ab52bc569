{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_account_bookings')) }}

with source as (

    select * from {{ source('calcom', 'account_bookings') }}
    {{ calcom.present_rows(source('calcom', 'account_bookings'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'account_bookings'), [
            ['organization_id', 'integer'],
            ['account_id', 'integer'],
            ['id', 'integer'],
            ['uid', 'text'],
            ['title', 'text'],
            ['status', 'text'],
            ['start_at', 'timestamp'],
            ['end_at', 'timestamp'],
            ['duration', 'integer'],
            ['event_type_id', 'integer'],
            ['event_type_slug', 'text'],
            ['absent_host', 'boolean'],
            ['created_at', 'timestamp'],
            ['updated_at', 'timestamp'],
            ['metadata', 'json'],
            ['rating', 'integer'],
            ['ics_uid', 'text'],
            ['cancelled_by_email', 'text'],
            ['rescheduled_by_email', 'text'],
            ['rescheduled_from_uid', 'text'],
            ['rescheduled_to_uid', 'text'],
            ['recurring_booking_uid', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
