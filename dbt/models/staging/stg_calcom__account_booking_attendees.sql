{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_account_bookings')) }}

with source as (

    select * from {{ source('calcom', 'account_booking_attendees') }}
    {{ calcom.present_rows(source('calcom', 'account_booking_attendees'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'account_booking_attendees'), [
            ['organization_id', 'integer'],
            ['account_id', 'integer'],
            ['booking_id', 'integer'],
            ['position', 'integer'],
            ['name', 'text'],
            ['email', 'text'],
            ['display_email', 'text'],
            ['time_zone', 'text'],
            ['language', 'text'],
            ['absent', 'boolean'],
            ['metadata', 'json'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
