{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_account_team_event_type_webhooks')) }}

with source as (

    select * from {{ source('calcom', 'account_team_event_type_webhooks') }}
    {{ calcom.present_rows(source('calcom', 'account_team_event_type_webhooks'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'account_team_event_type_webhooks'), [
            ['organization_id', 'integer'],
            ['account_id', 'integer'],
            ['id', 'text'],
            ['active', 'boolean'],
            ['triggers', 'json'],
            ['payload_template', 'text'],
            ['event_type_id', 'integer'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
