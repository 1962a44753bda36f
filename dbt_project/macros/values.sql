{# How a source's own spelling of a coded value becomes the national one: the province folder's line for it, where there is
   one, and the value itself otherwise. `extracts` and `local_values` (int_source_values of the entity) are CTEs. #}
{% macro join_local_value(alias, column, written) -%}
    left join local_values as {{ alias }}
        on
            extracts.source_id = {{ alias }}.source_id
            and {{ alias }}.column_name = '{{ column }}'
            and {{ written }} = {{ alias }}.written
{%- endmacro %}

{% macro national_label(alias, written) -%}
    case when {{ alias }}.written is null then {{ written }} else {{ alias }}.national_label end
{%- endmacro %}

{# Every row of the CTE `labelled` with the code that its national spelling stands for, and the names of the columns whose
   spelling has none. `codes`: the spelling's column, the CTE of the list, its code, what the code is called (none: the list is
   joined again later, only its gaps are told here), and the source's column. #}
{% macro select_coded(codes) -%}
select
    labelled.*,
    {%- for label, list, code, name, column in codes if name %}
    codes_of_{{ label }}.{{ code }} as {{ name }},
    {%- endfor %}
    {%- set pairs = [] -%}
    {%- for label, list, code, name, column in codes -%}
        {%- do pairs.append(['labelled.' ~ label, 'codes_of_' ~ label ~ '.' ~ code, column]) -%}
    {%- endfor %}
    {{ unparseable_columns(pairs) }} as unmapped_columns
from labelled
{%- for label, list, code, name, column in codes %}
left join {{ list }} as codes_of_{{ label }} on labelled.{{ label }} = codes_of_{{ label }}.source_label
{%- endfor %}
{%- endmacro %}

{# Whether a coded column of the row holds a value that no list has. `columns`: names, comma-separated, or NULL. #}
{% macro is_unmapped(columns, column) -%}
    coalesce(', ' || {{ columns }} || ',' like '%, {{ column }},%', false)
{%- endmacro %}

{# The coded columns of each entity, as `coded` of dvctt.core.contract has them; a test holds one against the other. #}
{% macro coded_columns() -%}
    {% do return({
        'filings': ['KenhThucHien', 'MucDo', 'TrangThaiHoSo', 'LoaiDoiTuong'],
        'payment_requests': ['TrangThai', 'HinhThucThanhToan', 'HinhThucThu'],
        'payment_attempts': ['TrangThai'],
        'procedures': ['MucDo', 'CoThuPhi', 'DaTichHopDVCQG'],
        'reported_figures': ['ChiTieu'],
        'index_counts': ['ThanhPhan'],
    }) %}
{%- endmacro %}

{# A folded value that no list has: itself where it may be a code, the word for what is none otherwise. Stricter than `CODE` and
   `IDENTITY` of dvctt.core.contract, because folding has taken the zeros away that a number began with: how long it was is not
   known any more, so digits alone are no code, and neither is what has six of them in a row. #}
{% macro code_or_unlisted(column) -%}
    case
        when
            regexp_full_match({{ column }}, '[a-z0-9đ]{1,40}([._/-][a-z0-9đ]{1,40}){0,11}')
            and regexp_matches({{ column }}, '[a-zđ]')
            and not regexp_matches({{ column }}, '[0-9.-]{6,}')
            then {{ column }}
        when {{ column }} is not null then 'UNLISTED'
    end
{%- endmacro %}

{# Every row of a feed of counts, with what it counts as a list of ours has it. The list is open: what it does not have keeps its
   name if that can be a code; it is no figure of ours, and is counted as such. `staged` is the feed, `known` the list
   (source_label, code); `code` is what is counted, whose spelling stands in the column `code`_written and in the source's `column`. #}
{% macro select_coded_by_open_list(staged, code, column) -%}
relabelled as (
    select
        {{ staged }}.*,
        {{ national_label('local_codes', staged ~ '.' ~ code ~ '_written') }} as {{ code }}_label
    from {{ staged }}
    inner join extracts on {{ staged }}.extract_id = extracts.extract_id
    {{ join_local_value('local_codes', column, staged ~ '.' ~ code ~ '_written') }}
),

labelled as (
    select
        relabelled.*,
        coalesce(known.code, {{ code_or_unlisted('relabelled.' ~ code ~ '_label') }}) as {{ code }}
    from relabelled
    left join known on relabelled.{{ code }}_label = known.source_label
)

{{ select_coded([
    (code ~ '_label', 'known', 'code', none, column),
]) }}
{%- endmacro %}
