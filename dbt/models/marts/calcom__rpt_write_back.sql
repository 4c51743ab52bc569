{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_write_back')) }}

{{ adapter.dispatch('rpt_write_back', 'calcom')() }}
