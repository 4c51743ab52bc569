{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_team_verified_phones')) }}

with source as (

    select * from {{ source('calcom', 'team_verified_phones') }}
    {{ calcom.present_rows(source('calcom', 'team_verified_phones'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'team_verified_phones'), [
            ['organization_id', 'integer'],
            ['team_id', 'integer'],
            ['id', 'integer'],
            ['user_id', 'integer'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
