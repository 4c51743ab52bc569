{# made by tools/make_dbt_package.py, do not edit #}
with source as (

    select * from {{ source('calcom', 'sync_run_resources') }}

),

fields as (

    select
        {{ calcom.staged_columns(source('calcom', 'sync_run_resources'), [
            ['run_id', 'text'],
            ['resource', 'text'],
            ['table_name', 'text'],
            ['scope', 'text'],
            ['dag_run_id', 'text'],
            ['version', 'text'],
            ['mode', 'text'],
            ['deletes', 'text'],
            ['started_at', 'timestamp'],
            ['finished_at', 'timestamp'],
            ['status', 'text'],
            ['complete', 'boolean'],
            ['partial', 'boolean'],
            ['reason', 'text'],
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
            ['watermark_before', 'text'],
            ['watermark_after', 'text'],
            ['replaced_characters', 'integer'],
            ['schema_changes', 'json'],
            ['rows_emptied', 'integer'],
            ['events_missed', 'integer'],
            ['events_late_seconds', 'float']
        ]) }}
    from source

)

select * from fields
