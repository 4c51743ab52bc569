{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_routing_forms')) }}

with source as (

    select * from {{ source('calcom', 'routing_forms') }}
    {{ calcom.present_rows(source('calcom', 'routing_forms'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'routing_forms'), [
            ['organization_id', 'integer'],
            ['id', 'text'],
            ['team_id', 'integer'],
            ['user_id', 'integer'],
            ['updated_by_id', 'integer'],
            ['name', 'text'],
            ['description', 'text'],
            ['position', 'integer'],
            ['disabled', 'boolean'],
            ['fields', 'json'],
            ['routes', 'json'],
            ['settings', 'json'],
            ['created_at', 'timestamp'],
            ['updated_at', 'timestamp'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
