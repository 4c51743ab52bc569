{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_ooo_entries')) }}

{{ adapter.dispatch('fct_ooo_day', 'calcom')() }}
