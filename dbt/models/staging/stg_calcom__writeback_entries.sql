{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_write_back')) }}

with source as (

    select * from {{ source('calcom_write_back', 'writeback_entries') }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom_write_back', 'writeback_entries'), [
            ['organization_id', 'integer'],
            ['namespace', 'text'],
            ['ooo_id', 'integer'],
            ['user_id', 'integer'],
            ['start_day', 'text'],
            ['end_day', 'text'],
            ['reason', 'text'],
            ['to_user_id', 'integer'],
            ['wish', 'text'],
            ['requests', 'text'],
            ['unclear', 'boolean']
        ]) }}
    from source

)

select * from fields
