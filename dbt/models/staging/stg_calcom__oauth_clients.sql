{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_oauth_clients')) }}

with source as (

    select * from {{ source('calcom', 'oauth_clients') }}
    {{ calcom.present_rows(source('calcom', 'oauth_clients'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'oauth_clients'), [
            ['organization_id', 'integer'],
            ['id', 'text'],
            ['name', 'text'],
            ['permissions', 'json'],
            ['logo', 'text'],
            ['redirect_uris', 'json'],
            ['created_at', 'timestamp'],
            ['are_emails_enabled', 'boolean'],
            ['are_default_event_types_enabled', 'boolean'],
            ['are_calendar_events_enabled', 'boolean'],
            ['booking_redirect_uri', 'text'],
            ['booking_cancel_redirect_uri', 'text'],
            ['booking_reschedule_redirect_uri', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
