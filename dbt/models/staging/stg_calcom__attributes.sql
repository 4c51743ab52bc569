{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_attributes')) }}

with source as (

    select * from {{ source('calcom', 'attributes') }}
    {{ calcom.present_rows(source('calcom', 'attributes'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'attributes'), [
            ['organization_id', 'integer'],
            ['id', 'text'],
            ['team_id', 'integer'],
            ['type', 'text'],
            ['name', 'text'],
            ['slug', 'text'],
            ['enabled', 'boolean'],
            ['users_can_edit_relation', 'boolean'],
            ['is_weights_enabled', 'boolean'],
            ['is_locked', 'boolean'],
            ['created_at', 'timestamp'],
            ['updated_at', 'timestamp'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
