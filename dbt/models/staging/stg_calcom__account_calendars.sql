{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_account_calendars')) }}

with source as (

    select * from {{ source('calcom', 'account_calendars') }}
    {{ calcom.present_rows(source('calcom', 'account_calendars'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'account_calendars'), [
            ['organization_id', 'integer'],
            ['account_id', 'integer'],
            ['credential_id', 'integer'],
            ['integration_type', 'text'],
            ['integration_slug', 'text'],
            ['primary_external_id', 'text'],
            ['calendars', 'json'],
            ['error', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
