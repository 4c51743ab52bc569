{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_managed_organizations')) }}

with source as (

    select * from {{ source('calcom', 'managed_organizations') }}
    {{ calcom.present_rows(source('calcom', 'managed_organizations'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'managed_organizations'), [
            ['organization_id', 'integer'],
            ['id', 'integer'],
            ['name', 'text'],
            ['slug', 'text'],
            ['metadata', 'json'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
