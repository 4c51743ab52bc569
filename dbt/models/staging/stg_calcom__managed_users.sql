{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_managed_users')) }}

with source as (

    select * from {{ source('calcom', 'managed_users') }}
    {{ calcom.present_rows(source('calcom', 'managed_users'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'managed_users'), [
            ['organization_id', 'integer'],
            ['client_id', 'text'],
            ['id', 'integer'],
            ['username', 'text'],
            ['name', 'text'],
            ['email', 'text'],
            ['bio', 'text'],
            ['avatar_url', 'text'],
            ['time_zone', 'text'],
            ['week_start', 'text'],
            ['time_format', 'integer'],
            ['locale', 'text'],
            ['default_schedule_id', 'integer'],
            ['created_date', 'timestamp'],
            ['metadata', 'json'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
