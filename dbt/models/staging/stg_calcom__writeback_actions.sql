{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_write_back')) }}

with source as (

    select * from {{ source('calcom_write_back', 'writeback_actions') }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom_write_back', 'writeback_actions'), [
            ['plan_id', 'text'],
            ['number', 'integer'],
            ['status', 'text'],
            ['kind', 'text'],
            ['why', 'text'],
            ['user_id', 'integer'],
            ['attribute_id', 'text'],
            ['option_id', 'text'],
            ['ooo_id', 'integer'],
            ['result_id', 'text'],
            ['code', 'text'],
            ['request_id', 'text'],
            ['attempts', 'integer'],
            ['unclear', 'boolean'],
            ['sent_at', 'float'],
            ['done_at', 'float']
        ]) }}
    from source

)

select * from fields
