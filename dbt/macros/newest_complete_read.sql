{#
  The begin of the newest read of a table that was shown to be complete and was published. Of several organisations
  the one counts that waits longest, so that none hides behind the others.
#}
{% macro newest_complete_read(table, name) %}
select min(newest) from (
    select scope, max(case when finished_at < started_at then finished_at else started_at end) as newest
    from {{ table.incorporate(path={'identifier': var('calcom_prefix') ~ 'sync_run_resources'}) }}
    where table_name = '{{ name }}' and complete = true and status in ('published', 'unchanged')
    group by scope
) as complete_reads
{% endmacro %}
