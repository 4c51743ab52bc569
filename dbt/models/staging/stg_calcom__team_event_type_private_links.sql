{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_team_event_type_private_links')) }}

with source as (

    select * from {{ source('calcom', 'team_event_type_private_links') }}
    {{ calcom.present_rows(source('calcom', 'team_event_type_private_links'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'team_event_type_private_links'), [
            ['organization_id', 'integer'],
            ['event_type_id', 'integer'],
            ['is_expired', 'boolean'],
            ['expires_at', 'timestamp'],
            ['max_usage_count', 'integer'],
            ['usage_count', 'integer'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
