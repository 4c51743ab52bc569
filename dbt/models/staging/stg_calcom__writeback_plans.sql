{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_write_back')) }}

with source as (

    select * from {{ source('calcom_write_back', 'writeback_plans') }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom_write_back', 'writeback_plans'), [
            ['plan_id', 'text'],
            ['organization_id', 'integer'],
            ['namespace', 'text'],
            ['kind', 'text'],
            ['hash', 'text'],
            ['settings', 'text'],
            ['status', 'text'],
            ['created_at', 'float'],
            ['applied_at', 'float'],
            ['approved_by', 'text'],
            ['source_rows', 'integer'],
            ['match_rate', 'float'],
            ['directory_sync', 'boolean'],
            ['report', 'text']
        ]) }}
    from source

)

select * from fields
