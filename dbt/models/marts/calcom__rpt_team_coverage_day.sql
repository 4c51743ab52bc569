{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_ooo_entries') and var('calcom__using_team_memberships')) }}

{{ adapter.dispatch('rpt_team_coverage_day', 'calcom')() }}
