{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_attribute_options')) }}

with source as (

    select * from {{ source('calcom', 'attribute_options') }}
    {{ calcom.present_rows(source('calcom', 'attribute_options'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'attribute_options'), [
            ['organization_id', 'integer'],
            ['id', 'text'],
            ['attribute_id', 'text'],
            ['value', 'text'],
            ['slug', 'text'],
            ['is_group', 'boolean'],
            ['contained_option_ids', 'json'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
