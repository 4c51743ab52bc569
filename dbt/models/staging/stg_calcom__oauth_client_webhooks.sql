{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_oauth_client_webhooks')) }}

with source as (

    select * from {{ source('calcom', 'oauth_client_webhooks') }}
    {{ calcom.present_rows(source('calcom', 'oauth_client_webhooks'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'oauth_client_webhooks'), [
            ['organization_id', 'integer'],
            ['client_id', 'text'],
            ['id', 'text'],
            ['active', 'boolean'],
            ['triggers', 'json'],
            ['payload_template', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
