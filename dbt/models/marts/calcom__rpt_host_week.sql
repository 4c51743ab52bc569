{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_bookings') and var('calcom__using_memberships') and var('calcom__using_users')) }}

{{ adapter.dispatch('rpt_host_week', 'calcom')() }}
