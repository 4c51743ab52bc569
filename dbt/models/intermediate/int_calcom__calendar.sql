{# made by tools/make_dbt_package.py, do not edit #}
{{ adapter.dispatch('calendar', 'calcom')() }}
