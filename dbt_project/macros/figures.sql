{# What a record counts for, in the one place that the marts and the tables of what moved both read. `weight` is what a row
   stands for: 1 where records are counted, the signed net where two states are compared. #}

{# The metrics of ref_metrics that count filings, and those of payments, in its order: what is summed, restated and told of. #}
{% macro filing_metrics() -%}
    {% do return(['received', 'direct', 'online', 'postal', 'online_level_3', 'online_level_4', 'online_no_level']) %}
{%- endmacro %}

{% macro payment_metrics() -%}
    {% do return([
        'online_payment_count', 'online_payment_amount_vnd', 'online_refund_count', 'online_refund_amount_vnd',
        'other_payment_count', 'other_payment_amount_vnd',
    ]) %}
{%- endmacro %}

{# Why a published figure changes, in the order in which it is told: rows of ref_restatement_causes, columns of
   mart_restatements and mart_late_ledger_totals. #}
{% macro restatement_causes() -%}
    {% do return([
        'late_filings', 'refused_files', 'corrections', 'set_aside', 'released_from_quarantine', 'reclassified',
        'definition_changed',
    ]) %}
{%- endmacro %}

{# Over received filings, one output column a figure. #}
{% macro sum_filing_measures(weight) -%}
    sum({{ weight }}) as received,
        sum(case when channel_code = 1 then {{ weight }} else 0 end) as direct,
        sum(case when is_online then {{ weight }} else 0 end) as online,
        sum(case when channel_code = 3 then {{ weight }} else 0 end) as postal,
        sum(case when is_online and level_code = '3' then {{ weight }} else 0 end) as online_level_3,
        sum(case when is_online and level_code = '4' then {{ weight }} else 0 end) as online_level_4,
        sum(case when is_online and not is_online_service_level then {{ weight }} else 0 end) as online_no_level
{%- endmacro %}

{# Over payments that were collected. #}
{% macro sum_paid_measures(weight) -%}
    sum(case when is_online_payment then {{ weight }} else 0 end) as online_payment_count,
        sum(case when is_online_payment then {{ weight }} * amount_vnd else 0 end) as online_payment_amount_vnd,
        sum(case when is_online_payment then 0 else {{ weight }} end) as other_payment_count,
        sum(case when is_online_payment then 0 else {{ weight }} * amount_vnd end) as other_payment_amount_vnd
{%- endmacro %}

{# Over refunds of online payments. #}
{% macro sum_refund_measures(weight) -%}
    sum({{ weight }}) as online_refund_count,
        sum({{ weight }} * amount_vnd) as online_refund_amount_vnd
{%- endmacro %}

{# The name of an extract's file without its ending, out of the extract's id: what two versions of one file share. #}
{% macro file_of_extract(extract_id) -%}
    regexp_replace({{ extract_id }}, '-[0-9a-f]{12}(-[0-9]+)?(@[0-9]+)?$', '')
{%- endmacro %}

{# Whether an earlier publication had a month that was over: what still grows when it is published is not restated when it
   has grown. A month between others of which nothing came is over. #}
{% macro is_month_over() -%}
    data_cut_off_at is null or cast(data_cut_off_at as date) > {{ dbt.last_day('month', 'month') }}
{%- endmacro %}

{# Whether both sides of a comparison were made with the same; what an old manifest does not say is not the same. #}
{% macro is_same_maker(column) -%}
    coalesce(earlier_makers.{{ column }} = later_makers.{{ column }} and earlier_makers.{{ column }} <> '', false)
{%- endmacro %}

{# Two relations joined on columns of the same name. #}
{% macro share(left, right, columns) -%}
    {%- for column in columns -%}
    {{ left }}.{{ column }} = {{ right }}.{{ column }}{% if not loop.last %}
            and {% endif %}
    {%- endfor -%}
{%- endmacro %}

{# Columns of one relation, as a list to select. #}
{% macro columns_of(table, columns) -%}
    {%- for column in columns -%}
    {{ table }}.{{ column }}{% if not loop.last %},
        {% endif %}
    {%- endfor -%}
{%- endmacro %}

{# Whether two states of a record agree in columns, NULL being equal to NULL. #}
{% macro agree(columns, left='earlier', right='later') -%}
    {%- for column in columns -%}
    {{ left }}.{{ column }} is not distinct from {{ right }}.{{ column }}{% if not loop.last %}
            and {% endif %}
    {%- endfor -%}
{%- endmacro %}
