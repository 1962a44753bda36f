{# How text becomes a value. Strict: what has none of the contract's forms becomes NULL, and the row is set aside with a
   reason; nothing is guessed. The DuckDB functions stand here and nowhere else. Staging cleans every column once
   (cleaned_columns); what parses takes a column that is clean. #}

{# NFC, without the blanks around it: spaces of every width, tabs, line ends and the byte order mark that exports leave.
   DuckDB's own trim leaves tabs and line ends. An empty text is NULL. #}
{% macro clean_text(column) -%}
    nullif(
        regexp_replace(nfc_normalize({{ column }}), '^[\s\p{Z}\x{feff}]+|[\s\p{Z}\x{feff}]+$', '', 'g'), ''
    )
{%- endmacro %}

{# The named columns of a source, each cleaned and under its own name: cleaning is the dearest step, so it is done once. #}
{% macro cleaned_columns(columns) -%}
    {%- for column in columns %}
    {{ clean_text('"' ~ column ~ '"') }} as "{{ column }}"{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# How a coded value is compared, whatever the source's keyboard made of it: small letters, one blank where there are several,
   no invisible characters, no zeros before a number, and the tone mark where the newer spelling has it (hoà, not hòa). The
   value is clean. `dvctt.core.contract.fold_label` does the same for the province folder; a test holds one against the other.
   Most values are codes, which are as they should be: only the others pay for the folding. -#}
{% macro match_label(column) -%}
    case
        when regexp_full_match({{ column }}, '[1-9][0-9]*|[a-z][a-z_-]*') then {{ column }}
        else
            nullif(
                {{ fold_tones(
                    "regexp_replace(trim(regexp_replace(regexp_replace(lower(" ~ column ~ "), '\\p{Cf}+', '', 'g'), "
                    ~ "'[\\s\\p{Z}]+', ' ', 'g')), '^0+([0-9]+)$', '\\1')"
                ) }},
                ''
            )
    end
{%- endmacro %}

{# The tone mark of oa, oe and uy on the second letter. #}
{% macro fold_tones(text) -%}
    {%- set pairs = [
        ('òa', 'oà'), ('óa', 'oá'), ('ỏa', 'oả'), ('õa', 'oã'), ('ọa', 'oạ'),
        ('òe', 'oè'), ('óe', 'oé'), ('ỏe', 'oẻ'), ('õe', 'oẽ'), ('ọe', 'oẹ'),
        ('ùy', 'uỳ'), ('úy', 'uý'), ('ủy', 'uỷ'), ('ũy', 'uỹ'), ('ụy', 'uỵ'),
    ] -%}
    {{ 'replace(' * (pairs | length) }}{{ text }}
    {%- for old, new in pairs %}, '{{ old }}', '{{ new }}'){% endfor %}
{%- endmacro %}

{# The year 0 is none: no calendar that people use has it. #}
{% macro parse_timestamp(column) -%}
    case
        when regexp_full_match({{ column }}, '0000.*|\d{2}/\d{2}/0000.*') then null
        when regexp_full_match({{ column }}, '\d{14}') then try_strptime({{ column }}, '%Y%m%d%H%M%S')
        when regexp_full_match({{ column }}, '\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?')
            then try_cast(replace({{ column }}, 'T', ' ') as timestamp)
        when regexp_full_match({{ column }}, '\d{2}/\d{2}/\d{4}') then try_strptime({{ column }}, '%d/%m/%Y')
        when regexp_full_match({{ column }}, '\d{2}/\d{2}/\d{4} \d{2}:\d{2}')
            then try_strptime({{ column }}, '%d/%m/%Y %H:%M')
        when regexp_full_match({{ column }}, '\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}')
            then try_strptime({{ column }}, '%d/%m/%Y %H:%M:%S')
    end
{%- endmacro %}

{# Whether a clean text, with the moment that it was parsed to, is what its source writes for "no date": a day, at any
   hour, or a text that is no date. `extracts` has no_date_days, and no_date_words in small letters with the forms in which
   the contract writes a day that no calendar has (0000-00-00). Text that is a date is the rule, and its day is compared. #}
{% macro is_no_date(column, parsed, extracts) -%}
    case
        when {{ parsed }} is not null
            then list_contains({{ extracts }}.no_date_days, cast({{ parsed }} as date))
        when {{ column }} is not null
            then list_has_any(
                {{ extracts }}.no_date_words,
                [lower({{ column }}), {{ column }}[1:10], case when length({{ column }}) = 14 then {{ column }}[1:8] end]
            )
    end
{%- endmacro %}

{# CTE bodies. The rows of the CTE `parsed` and, comma-separated or NULL, the names of the columns that hold what their
   source writes for "no date"; `pairs`: [source column, parsed]. #}
{% macro select_no_date_columns(parsed, extracts, pairs) -%}
select
    {{ parsed }}.*,
    nullif(
        concat_ws(
            ', ',
            {%- for source_column, moment in pairs %}
            case
                when {{ is_no_date(parsed ~ '."' ~ source_column ~ '"', parsed ~ '.' ~ moment, extracts) }}
                    then '{{ source_column }}'
            end{{ "," if not loop.last }}
            {%- endfor %}
        ),
        ''
    ) as no_date_columns
from {{ parsed }}
left join {{ extracts }} on {{ parsed }}.extract_id = {{ extracts }}.extract_id
{%- endmacro %}

{# The same rows with NULL in those columns, as text and as moment. #}
{% macro select_without_no_dates(marked, pairs) -%}
select
    * replace (
        {%- for source_column, moment in pairs %}
        {%- for column in ['"' ~ source_column ~ '"', moment] %}
        case when no_date_columns is null or not contains(no_date_columns, '{{ source_column }}') then {{ column }} end
            as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}{{ "," if not loop.last }}
        {%- endfor %}
    )
from {{ marked }}
{%- endmacro %}

{% macro parse_integer(column) -%}
    case when regexp_full_match({{ column }}, '-?\d{1,18}') then try_cast({{ column }} as bigint) end
{%- endmacro %}

{% macro parse_month(column) -%}
    case
        when regexp_full_match({{ column }}, '\d{4}-(0[1-9]|1[0-2])') and {{ column }} >= '0001'
            then try_cast({{ column }} || '-01' as date)
    end
{%- endmacro %}

{# Columns of a source as moments, as days or as whole numbers; `pairs`: [source column, parsed]. #}
{% macro parsed_columns(pairs, kind) -%}
    {%- for source_column, parsed in pairs %}
    {%- set column = '"' ~ source_column ~ '"' %}
    {% if kind == 'integer' -%}
    {{ parse_integer(column) }} as {{ parsed }}
    {%- elif kind == 'date' -%}
    cast({{ parse_timestamp(column) }} as date) as {{ parsed }}
    {%- else -%}
    {{ parse_timestamp(column) }} as {{ parsed }}
    {%- endif %}
    {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Names of the columns that hold text of no known form, comma-separated, or NULL; `pairs` as above, or [text, parsed, name]
   where the text is no column of a source. #}
{% macro unparseable_columns(pairs) -%}
    nullif(
        concat_ws(
            ', ',
            {%- for pair in pairs %}
            {%- set written = pair[0] if pair | length > 2 else '"' ~ pair[0] ~ '"' %}
            case
                when {{ written }} is not null and {{ pair[1] }} is null
                    then '{{ pair | last if pair | length > 2 else pair[0] }}'
            end{{ "," if not loop.last }}
            {%- endfor %}
        ),
        ''
    )
{%- endmacro %}

{# Whether one moment lies before another. A source that keeps days only writes midnight: the same day is not before itself. #}
{% macro is_before(column, other_column) -%}
    (
        {{ column }} < {{ other_column }}
        and not (
            {{ column }} = date_trunc('day', {{ column }})
            and date_trunc('day', {{ column }}) = date_trunc('day', {{ other_column }})
        )
    )
{%- endmacro %}
