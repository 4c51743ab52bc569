{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_team_conferencing_apps')) }}

with source as (

    select * from {{ source('calcom', 'team_conferencing_apps') }}
    {{ calcom.present_rows(source('calcom', 'team_conferencing_apps'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'team_conferencing_apps'), [
            ['organization_id', 'integer'],
            ['team_id', 'integer'],
            ['id', 'integer'],
            ['app_id', 'text'],
            ['type', 'text'],
            ['user_id', 'integer'],
            ['invalid', 'boolean'],
            ['payment_status', 'text'],
            ['billing_cycle_start', 'integer'],
            ['delegation_credential_id', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
