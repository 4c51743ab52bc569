{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_webhooks')) }}

with source as (

    select * from {{ source('calcom', 'webhooks') }}
    {{ calcom.present_rows(source('calcom', 'webhooks'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'webhooks'), [
            ['organization_id', 'integer'],
            ['id', 'text'],
            ['active', 'boolean'],
            ['triggers', 'json'],
            ['payload_template', 'text'],
            ['team_id', 'integer'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
