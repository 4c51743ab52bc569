{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_bookings')) }}

{{ adapter.dispatch('dim_event_type', 'calcom')() }}
