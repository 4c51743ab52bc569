{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_roles')) }}

with source as (

    select * from {{ source('calcom', 'role_permissions') }}
    {{ calcom.present_rows(source('calcom', 'role_permissions'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'role_permissions'), [
            ['organization_id', 'integer'],
            ['role_id', 'text'],
            ['permission', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
