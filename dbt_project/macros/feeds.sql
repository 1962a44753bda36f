{# Whether an agency's figures of a month are whole, over its rows of one entity in the table of deliveries, grouped by month
   and agency: at least one source delivered, and no source that owed the feed is missing. A second source that came must
   not hide the one that did not. #}
{% macro is_month_complete() -%}
    bool_or(is_delivered) and not bool_or(is_expected and not is_delivered)
{%- endmacro %}

{# What a file's name goes on with after its month: '' for 2022-10.csv and for 2022-10.csv.gz, 'H62.01.bo-sung' for
   2022-10.H62.01.bo-sung.csv. Text that is packed has an ending of two parts; tests/extract/test_forms.py holds this against the
   list of endings. #}
{% macro file_suffix(file_name) -%}
    regexp_extract(
        {{ file_name }}, '^\d{4}-\d{2}(?:\.(.*?))??\.(?:(?:csv|json|jsonl)\.(?:gz|zip)|[A-Za-z0-9]+)$', 1
    )
{%- endmacro %}

{# Whether a file is an agency's own by what its name goes on with: its code, alone or before further parts. Of several codes that
   fit, the longest is meant: H62.01's file is not also that of an agency H62. #}
{% macro is_file_of(name_suffix, agency_code) -%}
    {{ name_suffix }} = {{ agency_code }}
    or left({{ name_suffix }}, length({{ agency_code }}) + 1) = {{ agency_code }} || '.'
{%- endmacro %}

{# Whether a file is a supplement to a month that came under another name: bo-sung, alone or after an agency's code, with
   or without diacritics. #}
{% macro is_supplement(name_suffix) -%}
    regexp_matches(lower(strip_accents({{ name_suffix }})), '(^|\.)bo[-_ ]?sung')
{%- endmacro %}
