{# How text becomes a value. Strict: what has none of the contract's forms becomes NULL, and the row is set aside with a
   reason; nothing is guessed. Only staging calls these. The DuckDB functions stand here and nowhere else. #}

{# NFC, without the blanks around it: spaces of every width, tabs, line ends and the byte order mark that exports leave.
   DuckDB's own trim leaves tabs and line ends. An empty text is NULL. #}
{% macro clean_text(column) -%}
    nullif(
        regexp_replace(nfc_normalize({{ column }}), '^[\s\p{Z}\x{feff}]+|[\s\p{Z}\x{feff}]+$', '', 'g'), ''
    )
{%- endmacro %}

{% macro match_label(column) -%}
    lower({{ clean_text(column) }})
{%- endmacro %}

{% macro parse_timestamp(column) -%}
    {%- set text = clean_text(column) -%}
    case
        when regexp_full_match({{ text }}, '\d{14}') then try_strptime({{ text }}, '%Y%m%d%H%M%S')
        when regexp_full_match({{ text }}, '\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?')
            then try_cast(replace({{ text }}, 'T', ' ') as timestamp)
        when regexp_full_match({{ text }}, '\d{2}/\d{2}/\d{4}') then try_strptime({{ text }}, '%d/%m/%Y')
        when regexp_full_match({{ text }}, '\d{2}/\d{2}/\d{4} \d{2}:\d{2}')
            then try_strptime({{ text }}, '%d/%m/%Y %H:%M')
        when regexp_full_match({{ text }}, '\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}')
            then try_strptime({{ text }}, '%d/%m/%Y %H:%M:%S')
    end
{%- endmacro %}

{% macro parse_integer(column) -%}
    {%- set text = clean_text(column) -%}
    case when regexp_full_match({{ text }}, '-?\d{1,18}') then try_cast({{ text }} as bigint) end
{%- endmacro %}

{% macro parse_month(column) -%}
    {%- set text = clean_text(column) -%}
    case
        when regexp_full_match({{ text }}, '\d{4}-(0[1-9]|1[0-2])') then try_cast({{ text }} || '-01' as date)
    end
{%- endmacro %}

{# Names of the columns that hold text of no known form, comma-separated, or NULL. `pairs`: [source column, parsed]. #}
{% macro unparseable_columns(pairs) -%}
    nullif(
        concat_ws(
            ', ',
            {%- for source_column, parsed in pairs %}
            case
                when {{ clean_text(source_column) }} is not null and {{ parsed }} is null
                    then '{{ source_column | replace('"', '') }}'
            end{{ "," if not loop.last }}
            {%- endfor %}
        ),
        ''
    )
{%- endmacro %}
