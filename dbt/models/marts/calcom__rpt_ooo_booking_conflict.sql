{# made by tools/make_dbt_package.py, do not edit #}
{{ config(enabled=var('calcom__using_bookings') and var('calcom__using_ooo_entries') and var('calcom__using_users')) }}

{{ adapter.dispatch('rpt_ooo_booking_conflict', 'calcom')() }}
