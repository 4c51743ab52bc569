{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_account_verified_phones')) }}

with source as (

    select * from {{ source('calcom', 'account_verified_phones') }}
    {{ calcom.present_rows(source('calcom', 'account_verified_phones'), none) }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'account_verified_phones'), [
            ['organization_id', 'integer'],
            ['account_id', 'integer'],
            ['id', 'integer'],
            ['user_id', 'integer'],
            ['team_id', 'integer'],
            ['_calcom_run_id', 'text'],
            ['_calcom_synced_at', 'timestamp'],
            ['_calcom_deleted_at', 'timestamp']
        ]) }}
    from source

)

select * from fields
