{# No two rows have the same values in all of these columns; two nulls are the same value. #}
{% test unique_combination_of_columns(model, combination_of_columns) %}
{%- set names = [] -%}
{%- for one in combination_of_columns -%}
{%- do names.append(calcom.column_name(one)) -%}
{%- endfor %}
select {{ names | join(', ') }}, count(*) as number_of_rows
from {{ model }}
group by {{ names | join(', ') }}
having count(*) > 1
{% endtest %}
