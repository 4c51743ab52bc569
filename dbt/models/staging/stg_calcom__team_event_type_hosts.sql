{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_team_event_types')) }}

with source as (

    select * from {{ source('calcom', 'team_event_type_hosts') }}
    {{ calcom.present_rows(source('calcom', 'team_event_type_hosts'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'team_event_type_hosts'), [
            ['organization_id', 'integer'],
            ['event_type_id', 'integer'],
            ['user_id', 'integer'],
            ['name', 'text'],
            ['username', 'text'],
            ['mandatory', 'boolean'],
            ['priority', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
