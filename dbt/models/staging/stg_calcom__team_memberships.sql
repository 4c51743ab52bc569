{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_team_memberships')) }}

with source as (

    select * from {{ source('calcom', 'team_memberships') }}
    {{ calcom.present_rows(source('calcom', 'team_memberships'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'team_memberships'), [
            ['organization_id', 'integer'],
            ['id', 'integer'],
            ['team_id', 'integer'],
            ['user_id', 'integer'],
            ['role', 'text'],
            ['accepted', 'boolean'],
            ['disable_impersonation', 'boolean'],
            ['user_username', 'text'],
            ['user_name', 'text'],
            ['user_email', 'text'],
            ['user_avatar_url', 'text'],
            ['user_bio', 'text'],
            ['user_metadata', 'json'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
