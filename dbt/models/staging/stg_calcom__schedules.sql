{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_schedules')) }}

with source as (

    select * from {{ source('calcom', 'schedules') }}
    {{ calcom.present_rows(source('calcom', 'schedules'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'schedules'), [
            ['organization_id', 'integer'],
            ['id', 'integer'],
            ['owner_id', 'integer'],
            ['name', 'text'],
            ['time_zone', 'text'],
            ['is_default', 'boolean'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
