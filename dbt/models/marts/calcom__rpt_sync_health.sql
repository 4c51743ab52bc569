{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=true) }}

{{ adapter.dispatch('rpt_sync_health', 'calcom')() }}
