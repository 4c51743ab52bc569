{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_account_profile')) }}

with source as (

    select * from {{ source('calcom', 'account_profile') }}
    {{ calcom.present_rows(source('calcom', 'account_profile'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'account_profile'), [
            ['organization_id', 'integer'],
            ['account_id', 'integer'],
            ['id', 'integer'],
            ['username', 'text'],
            ['email', 'text'],
            ['name', 'text'],
            ['bio', 'text'],
            ['avatar_url', 'text'],
            ['time_zone', 'text'],
            ['week_start', 'text'],
            ['time_format', 'integer'],
            ['default_schedule_id', 'integer'],
            ['organization_is_platform', 'boolean'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
