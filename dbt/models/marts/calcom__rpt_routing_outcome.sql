{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_routing_form_responses')) }}

{{ adapter.dispatch('rpt_routing_outcome', 'calcom')() }}
