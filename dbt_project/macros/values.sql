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
