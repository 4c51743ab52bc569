{# The first or the last day of the calendar: the one that is named, else counted from today in UTC. #}
{% macro calendar_day(which) %}
{%- set named = var('calcom__calendar_' ~ which, none) -%}
{%- if not named -%}
{%- set days = -(var('calcom__days_back') | int) if which == 'first' else var('calcom__days_ahead') | int -%}
{%- set named = modules.datetime.datetime.now(modules.pytz.utc).date() + modules.datetime.timedelta(days=days) -%}
{%- endif -%}
cast('{{ named }}' as date)
{%- endmacro %}
