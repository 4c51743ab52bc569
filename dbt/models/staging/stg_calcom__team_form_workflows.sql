{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_team_form_workflows')) }}

with source as (

    select * from {{ source('calcom', 'team_form_workflows') }}
    {{ calcom.present_rows(source('calcom', 'team_form_workflows'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'team_form_workflows'), [
            ['organization_id', 'integer'],
            ['team_id', 'integer'],
            ['id', 'integer'],
            ['name', 'text'],
            ['type', 'text'],
            ['user_id', 'integer'],
            ['activation', 'json'],
            ['trigger_type', 'text'],
            ['trigger_offset_value', 'integer'],
            ['trigger_offset_unit', 'text'],
            ['created_at', 'timestamp'],
            ['updated_at', 'timestamp'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
