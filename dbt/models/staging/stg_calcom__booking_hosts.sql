{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_bookings')) }}

with source as (

    select * from {{ source('calcom', 'booking_hosts') }}
    {{ calcom.present_rows(source('calcom', 'booking_hosts'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'booking_hosts'), [
            ['organization_id', 'integer'],
            ['booking_id', 'integer'],
            ['position', 'integer'],
            ['user_id', 'integer'],
            ['name', 'text'],
            ['email', 'text'],
            ['display_email', 'text'],
            ['username', 'text'],
            ['time_zone', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
