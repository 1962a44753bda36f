{# What a key is, and what two keys have in common. Keys name records and codes name members of a list; neither is text for
   people, so they are cleaned harder than text is. The DuckDB functions stand here, for staging. #}

{# Signs that nobody sees: format and control characters, soft hyphens, joiners, marks of direction, fillers, selectors. Tabs
   and line ends are blanks: around a key they are no part of it, inside one it is malformed. #}
{% macro _invisible() -%}
    [\p{Cf}\x{00}-\x{08}\x{0e}-\x{1f}\x{7f}-\x{9f}\x{034f}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{2065}\x{2800}\x{3164}\x{fe00}-\x{fe0f}\x{ffa0}\x{fff0}-\x{fff8}\x{e0000}-\x{e0fff}]
{%- endmacro %}

{# Letters of the contract's keys: those of ASCII and of Vietnamese, composed. A letter of another script that looks like
   one of them (a Cyrillic Н) is none. #}
{% macro _key_letters() -%}
    A-Za-z0-9À-ÃÈ-ÊÌÍÒ-ÕÙÚÝà-ãè-êìíò-õùúýĂăĐđĨĩŨũƠơƯư\x{1ea0}-\x{1ef9}
{%- endmacro %}

{# What spreadsheets and exports write where a key was: numbers in exponents or with decimals and separators, dates, words
   for nothing, and zeros. Their errors (#REF!, #N/A, (null), <NA>) begin or end with a sign, which no key does. #}
{% macro _made_by_spreadsheets() -%}
    {{- return([
        '\\d([.,]\\d+)?e[+-]?\\d{1,3}',
        '\\d{4,}[.,]0{1,2}',
        '\\d{1,3}(,\\d{3})+([.]\\d+)?',
        '\\d[.,]#.*',
        '\\d{1,2}/\\d{1,2}/\\d{2,4}',
        '\\d{4}-\\d{2}-\\d{2}',
        '\\d{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-\\d{2,4})?',
        '(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\\d{2,4}',
        'null|nil|none|nan|nat|na|n/a|n\\.a|inf|infinity|true|false|undefined|blank|empty',
        '0+',
    ] | join('|')) -}}
{%- endmacro %}

{# A key or code as it was meant: composed, without what nobody sees, without blanks around it, in letters and signs of
   usual width, with one kind of dash. Its case stays: two gateways' references may differ in nothing else. Plain ASCII,
   which nearly every key is, is taken as it stands. #}
{% macro clean_key(column) -%}
    {%- set wide, narrow = [], [] -%}
    {%- for code in range(65281, 65375) -%}
        {%- do wide.append('%c' | format(code)) -%}
        {%- do narrow.append('%c' | format(code - 65248)) -%}
    {%- endfor -%}
    {%- set dashes = '\u02d7\u058a\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\u2e3a\u2e3b\ufe31\ufe32\ufe58\ufe63' -%}
    case
        when regexp_full_match({{ column }}, '[!-~]+') then {{ column }}
        else nullif(
            regexp_replace(
                translate(
                    regexp_replace(nfc_normalize({{ column }}), '{{ _invisible() }}', '', 'g'),
                    '{{ wide | join }}{{ dashes }}',
                    '{{ narrow | join | replace("'", "''") }}{{ '-' * (dashes | length) }}'
                ),
                '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g'
            ),
            ''
        )
    end
{%- endmacro %}

{# Whether a clean key is one: letters, digits and the signs of ASCII, of at most so many characters, with a letter or digit
   at either end (a cut prefix ends with a sign), no address of mail, and nothing that a spreadsheet made. #}
{% macro is_well_formed_key(column, longest) -%}
    (
        length({{ column }}) <= {{ longest }}
        and regexp_full_match({{ column }}, '[{{ _key_letters() }}]([!-?A-~{{ _key_letters() }}]*[{{ _key_letters() }}])?')
        and not regexp_full_match({{ column }}, '(?i)({{ _made_by_spreadsheets() }})')
    )
{%- endmacro %}

{# A clean key of another record, or a clean code of a list: what is none points to nothing, and joins nothing. #}
{% macro reference(column, longest=80) -%}
    case when {{ is_well_formed_key(column, longest) }} then {{ column }} end
{%- endmacro %}

{# An agency's code as the province folder spells it, whatever its case, width and dashes were; one that the folder does not
   know stays as it was written, to be named. Where the code is no part of a key, what is no code at all is none. #}
{% macro matched_agency_code(written, is_key=false) -%}
    coalesce(agency_codes.agency_code, {{ written if is_key else reference(written) }})
{%- endmacro %}

{# How keys are compared whose spelling may differ: clean keys in small letters. #}
{% macro fold_key(column) -%}
    lower({{ column }})
{%- endmacro %}

{# The keys that stand more than once in one extract with values that differ in what cannot change: those rows are no
   versions of one record, and none of them is believed. `fixed`: columns that have their value from the first day on, or
   never; `once_known`: columns that may be filled in later, and then keep their value. What a key says by itself is no
   column of either. #}
{% macro find_doubled_keys(staged, keys, fixed=[], once_known=[]) -%}
    select
        staged.extract_id{% for key in keys %},
        staged.{{ key }}{% endfor %}
    from {{ staged }} as staged
    inner join (
        select
            extract_id,
            {{ keys | join(", ") }}
        from {{ staged }}
        where {% for key in keys %}{{ key }} is not null{{ " and " if not loop.last }}{% endfor %}
        group by extract_id, {{ keys | join(", ") }}
        having count(*) > 1
    ) as repeated
        on
            staged.extract_id = repeated.extract_id
            {%- for key in keys %}
            and staged.{{ key }} = repeated.{{ key }}
            {%- endfor %}
    group by staged.extract_id{% for key in keys %}, staged.{{ key }}{% endfor %}
    having
        {% for column in fixed + once_known -%}
        min(staged.{{ column }}) <> max(staged.{{ column }})
        {{- "\n        or " if not loop.last }}
        {%- endfor %}
        {%- for column in fixed %}
        or count(staged.{{ column }}) not in (0, count(*))
        {%- endfor %}
{%- endmacro %}

{# How many of a kind the seed of tolerances lets pass among so many rows: a share of them, and never fewer than its least. Over
   rows joined with all tolerances. #}
{% macro key_tolerance(tolerance_id, row_count) -%}
    max(
        case
            when tolerances.tolerance_id = '{{ tolerance_id }}'
                then greatest(
                    tolerances.at_least, cast(floor({{ row_count }} * tolerances.percent_of_rows / 100) as bigint)
                )
        end
    )
{%- endmacro %}
