{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_account_teams')) }}

with source as (

    select * from {{ source('calcom', 'account_teams') }}
    {{ calcom.present_rows(source('calcom', 'account_teams'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'account_teams'), [
            ['organization_id', 'integer'],
            ['account_id', 'integer'],
            ['id', 'integer'],
            ['parent_id', 'integer'],
            ['name', 'text'],
            ['slug', 'text'],
            ['logo_url', 'text'],
            ['cal_video_logo', 'text'],
            ['app_logo', 'text'],
            ['app_icon_logo', 'text'],
            ['bio', 'text'],
            ['hide_branding', 'boolean'],
            ['is_organization', 'boolean'],
            ['is_private', 'boolean'],
            ['hide_book_a_team_member', 'boolean'],
            ['metadata', 'json'],
            ['theme', 'text'],
            ['brand_color', 'text'],
            ['dark_brand_color', 'text'],
            ['banner_url', 'text'],
            ['time_format', 'integer'],
            ['time_zone', 'text'],
            ['week_start', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
