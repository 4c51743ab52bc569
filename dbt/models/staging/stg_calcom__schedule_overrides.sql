{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_schedules')) }}

with source as (

    select * from {{ source('calcom', 'schedule_overrides') }}
    {{ calcom.present_rows(source('calcom', 'schedule_overrides'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'schedule_overrides'), [
            ['organization_id', 'integer'],
            ['schedule_id', 'integer'],
            ['position', 'integer'],
            ['date', 'date'],
            ['start_time', 'text'],
            ['end_time', 'text'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
