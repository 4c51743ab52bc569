{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_team_form_workflows')) }}

with source as (

    select * from {{ source('calcom', 'team_form_workflow_steps') }}
    {{ calcom.present_rows(source('calcom', 'team_form_workflow_steps'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'team_form_workflow_steps'), [
            ['organization_id', 'integer'],
            ['workflow_id', 'integer'],
            ['id', 'integer'],
            ['step_number', 'integer'],
            ['action', 'text'],
            ['recipient', 'text'],
            ['email', 'text'],
            ['phone_required', 'boolean'],
            ['template', 'text'],
            ['include_calendar_event', 'boolean'],
            ['sender', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
