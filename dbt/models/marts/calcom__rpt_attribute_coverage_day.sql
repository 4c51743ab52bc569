{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_attribute_assignments') and var('calcom__using_attribute_options') and var('calcom__using_attributes') and var('calcom__using_memberships') and var('calcom__using_ooo_entries')) }}

{{ adapter.dispatch('rpt_attribute_coverage_day', 'calcom')() }}
