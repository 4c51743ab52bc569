{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_write_back')) }}

with source as (

    select * from {{ source('calcom_write_back', 'writeback_assignments') }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom_write_back', 'writeback_assignments'), [
            ['organization_id', 'integer'],
            ['namespace', 'text'],
            ['user_id', 'integer'],
            ['option_id', 'text'],
            ['attribute_id', 'text'],
            ['unclear', 'boolean']
        ]) }}
    from source

)

select * from fields
