{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_attribute_assignments')) }}

with source as (

    select * from {{ source('calcom', 'attribute_assignments') }}
    {{ calcom.present_rows(source('calcom', 'attribute_assignments'), var('calcom__history')) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'attribute_assignments'), [
            ['organization_id', 'integer'],
            ['attribute_id', 'text'],
            ['option_id', 'text'],
            ['user_id', 'integer'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
        {%- if var('calcom__history') %}
        , valid_from
        , valid_to
        , is_current
        {%- endif %}
    from source

)

select * from fields
