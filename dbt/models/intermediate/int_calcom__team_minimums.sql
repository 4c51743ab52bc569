{# made by tools/make_dbt_package.py, do not edit #}
{%- set minimums = var('calcom__team_minimums') %}
{%- for team, number in minimums.items() %}
select cast({{ team }} as {{ calcom.column_type('integer') }}) as team_id, cast({{ number }} as {{ calcom.column_type('integer') }}) as minimum
{%- if not loop.last %} union all{% endif %}
{%- else %}
select cast(null as {{ calcom.column_type('integer') }}) as team_id, cast(null as {{ calcom.column_type('integer') }}) as minimum
from (select 1 as one) as nothing where 1 = 0
{%- endfor %}
