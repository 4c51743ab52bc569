{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_memberships')) }}

with source as (

    select * from {{ source('calcom', 'memberships') }}
    {{ calcom.present_rows(source('calcom', 'memberships'), var('calcom__history')) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'memberships'), [
            ['organization_id', 'integer'],
            ['id', 'integer'],
            ['user_id', 'integer'],
            ['team_id', 'integer'],
            ['role', 'text'],
            ['accepted', 'boolean'],
            ['disable_impersonation', 'boolean'],
            ['custom_role_id', 'text'],
            ['created_at', 'timestamp'],
            ['updated_at', 'timestamp'],
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
        {%- if var('calcom__history') %}
        , valid_from
        , valid_to
        , is_current
        {%- endif %}
    from source

)

select * from fields
