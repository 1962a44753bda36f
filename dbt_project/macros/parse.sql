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
   value is clean. `dvctt.contract.fold_label` does the same for the province folder; a test holds one against the other.
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

{% macro parse_timestamp(column) -%}
    case
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

{% macro parse_integer(column) -%}
    case when regexp_full_match({{ column }}, '-?\d{1,18}') then try_cast({{ column }} as bigint) end
{%- endmacro %}

{% macro parse_month(column) -%}
    case
        when regexp_full_match({{ column }}, '\d{4}-(0[1-9]|1[0-2])') then try_cast({{ column }} || '-01' as date)
    end
{%- endmacro %}

{# Names of the columns that hold text of no known form, comma-separated, or NULL. `pairs`: [source column, parsed], and the
   column's name where it is another. #}
{% macro unparseable_columns(pairs) -%}
    nullif(
        concat_ws(
            ', ',
            {%- for pair in pairs %}
            case
                when {{ pair[0] }} is not null and {{ pair[1] }} is null
                    then '{{ (pair[2] if pair | length > 2 else pair[0]) | replace('"', '') }}'
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
