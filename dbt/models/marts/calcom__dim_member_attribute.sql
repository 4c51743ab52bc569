{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_attribute_assignments') and var('calcom__using_attribute_options') and var('calcom__using_attributes')) }}

{{ adapter.dispatch('dim_member_attribute', 'calcom')() }}
