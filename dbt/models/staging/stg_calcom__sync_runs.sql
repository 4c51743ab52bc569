{# made by tools/make_dbt_package.py, do not edit #}
with source as (

    select * from {{ source('calcom', 'sync_runs') }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'sync_runs'), [
            ['run_id', 'text'],
            ['scope', 'text'],
            ['dag_run_id', 'text'],
            ['version', 'text'],
            ['started_at', 'timestamp'],
            ['finished_at', 'timestamp'],
            ['status', 'text'],
            ['complete', 'boolean'],
            ['error', 'text'],
            ['rows_read', 'integer'],
            ['rows_kept', 'integer'],
            ['rows_inserted', 'integer'],
            ['rows_updated', 'integer'],
            ['rows_unchanged', 'integer'],
            ['rows_deleted', 'integer'],
            ['rows_after', 'integer'],
            ['duplicates', 'integer'],
            ['pages', 'integer'],
            ['pages_kept', 'integer'],
            ['requests', 'integer'],
            ['retries', 'integer'],
            ['waits', 'integer'],
            ['waited_seconds', 'float'],
            ['throttled', 'integer'],
            ['bytes', 'integer'],
            ['replaced_characters', 'integer'],
            ['rows_emptied', 'integer'],
            ['lock_seconds', 'float'],
            ['publish_retries', 'integer'],
            ['billed_bytes', 'integer']
        ]) }}
    from source

)

select * from fields
