{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_ooo_entries')) }}

with source as (

    select * from {{ source('calcom', 'ooo_entries') }}
    {{ calcom.present_rows(source('calcom', 'ooo_entries'), var('calcom__history')) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'ooo_entries'), [
            ['organization_id', 'integer'],
            ['id', 'integer'],
            ['uuid', 'text'],
            ['user_id', 'integer'],
            ['to_user_id', 'integer'],
            ['start_at', 'timestamp'],
            ['end_at', 'timestamp'],
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
