{# The type of a declared column on the present database. #}
{% macro column_type(kind) %}
{%- set types = {
    'postgres': {'integer': 'bigint', 'float': 'double precision', 'text': 'text', 'boolean': 'boolean',
                 'timestamp': 'timestamp with time zone', 'date': 'date', 'json': 'jsonb'},
    'duckdb': {'integer': 'bigint', 'float': 'double', 'text': 'varchar', 'boolean': 'boolean',
               'timestamp': 'timestamp', 'date': 'date', 'json': 'json'},
    'snowflake': {'integer': 'bigint', 'float': 'double', 'text': 'varchar', 'boolean': 'boolean',
                  'timestamp': 'timestamp_ntz', 'date': 'date', 'json': 'variant'},
    'bigquery': {'integer': 'int64', 'float': 'float64', 'text': 'string', 'boolean': 'bool',
                 'timestamp': 'timestamp', 'date': 'date', 'json': 'string'},
} -%}
{%- if target.type not in types -%}
{{ exceptions.raise_compiler_error("The package calcom is made for " ~ types.keys() | join(', ') ~ ", not for " ~ target.type) }}
{%- endif -%}
{{- types[target.type][kind] -}}
{% endmacro %}


{# A name of a column; BigQuery reserves some that others do not. #}
{% macro column_name(name) %}
{{- '`' ~ name ~ '`' if target.type == 'bigquery' else name -}}
{% endmacro %}


{# The columns that a table has, by their names in small letters; nothing while dbt only parses. #}
{% macro held_columns(relation) %}
{%- set held = {} -%}
{%- if execute -%}
{%- for column in adapter.get_columns_in_relation(relation) -%}
{%- do held.update({column.name | lower: column.dtype | upper}) -%}
{%- endfor -%}
{%- if not held -%}
{{ exceptions.raise_compiler_error("There is no table " ~ relation ~ ": sync it, or set its variable calcom__using_... to false") }}
{%- endif -%}
{%- endif -%}
{{ return(held) }}
{% endmacro %}


{# The columns of a staging model; one that is not stored is null, with its type. #}
{% macro staged_columns(relation, columns) %}
{%- set held = calcom.held_columns(relation) -%}
{%- for name, kind in columns %}
        {{ calcom.staged_column(name, kind, held.get(name)) }} as {{ calcom.column_name(name) }}{{ ',' if not loop.last }}
{%- endfor %}
{% endmacro %}


{# Times are brought to UTC without a zone on Snowflake, JSON to text on BigQuery: the marts read them so. #}
{% macro staged_column(name, kind, dtype) %}
{%- set column = calcom.column_name(name) -%}
{%- if dtype is none -%}
cast(null as {{ calcom.column_type(kind) }})
{%- elif target.type == 'snowflake' and kind == 'timestamp' and dtype in ('TIMESTAMP_TZ', 'TIMESTAMP_LTZ') -%}
cast(convert_timezone('UTC', {{ column }}) as timestamp_ntz)
{%- elif target.type in ('snowflake', 'bigquery') and kind == 'timestamp' -%}
cast({{ column }} as {{ calcom.column_type(kind) }})
{%- elif target.type == 'bigquery' and kind == 'json' and dtype == 'JSON' -%}
to_json_string({{ column }})
{%- else -%}
{{ column }}
{%- endif -%}
{% endmacro %}


{#
  Leave the present rows of a table. Where versions are kept by default (history is true or false, as the variable
  says), the marts read them all, and a table that is not as the variable says would give wrong numbers.
#}
{% macro present_rows(relation, history) %}
{%- set held = calcom.held_columns(relation) -%}
{%- if held -%}
{%- set versioned = 'is_current' in held -%}
{%- if history is none -%}
{{- 'where is_current' if versioned -}}
{%- elif history != versioned -%}
{{ exceptions.raise_compiler_error(
    relation ~ " holds " ~ ('' if versioned else 'no ') ~ "versions: set the variable calcom__history to "
    ~ ('true' if versioned else 'false')
) }}
{%- endif -%}
{%- endif -%}
{% endmacro %}
