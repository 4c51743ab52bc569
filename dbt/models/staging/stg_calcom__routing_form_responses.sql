{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_routing_form_responses')) }}

with source as (

    select * from {{ source('calcom', 'routing_form_responses') }}
    {{ calcom.present_rows(source('calcom', 'routing_form_responses'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'routing_form_responses'), [
            ['organization_id', 'integer'],
            ['id', 'integer'],
            ['form_id', 'text'],
            ['form_filler_id', 'text'],
            ['routed_to_booking_uid', 'text'],
            ['created_at', 'timestamp'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
