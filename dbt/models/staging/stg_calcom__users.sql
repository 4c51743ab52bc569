{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_users')) }}

with source as (

    select * from {{ source('calcom', 'users') }}
    {{ calcom.present_rows(source('calcom', 'users'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'users'), [
            ['organization_id', 'integer'],
            ['id', 'integer'],
            ['username', 'text'],
            ['name', 'text'],
            ['email', 'text'],
            ['email_verified', 'timestamp'],
            ['bio', 'text'],
            ['avatar_url', 'text'],
            ['time_zone', 'text'],
            ['week_start', 'text'],
            ['app_theme', 'text'],
            ['theme', 'text'],
            ['default_schedule_id', 'integer'],
            ['locale', 'text'],
            ['time_format', 'integer'],
            ['hide_branding', 'boolean'],
            ['brand_color', 'text'],
            ['dark_brand_color', 'text'],
            ['allow_dynamic_booking', 'boolean'],
            ['created_date', 'timestamp'],
            ['verified', 'boolean'],
            ['invited_to', 'integer'],
            ['metadata', 'json'],
            ['profile_id', 'integer'],
            ['profile_username', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
