{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_roles')) }}

with source as (

    select * from {{ source('calcom', 'roles') }}
    {{ calcom.present_rows(source('calcom', 'roles'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'roles'), [
            ['organization_id', 'integer'],
            ['id', 'text'],
            ['name', 'text'],
            ['color', 'text'],
            ['description', 'text'],
            ['type', 'text'],
            ['created_at', 'timestamp'],
            ['updated_at', 'timestamp'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
