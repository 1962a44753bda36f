{# Why a definition of the online rate leaves a class of received filings out; NULL where it counts it. The relations are
   `classes` and `definitions`; what a definition counts is data (ref_metric_definitions), what the words in it mean is
   here. The channel is asked first, then the level, so that each filing has one reason. #}

{# Whether a list such as '3,4' holds a value. An empty list holds everything, what has no value included. #}
{% macro is_listed(value, list) -%}
    ({{ list }} is null or {{ list }} = '' or coalesce(',' || {{ list }} || ',' like '%,' || {{ value }} || ',%', false))
{%- endmacro %}

{% macro reason_outside_denominator(level) -%}
    case
            when not {{ is_listed('classes.channel_code', 'definitions.denominator_channels') }} then 'channel_not_counted'
            when {{ is_listed(level, 'definitions.denominator_levels') }} then null
            when {{ level }} is null then 'no_level'
            else 'level_not_counted'
        end
{%- endmacro %}

{# Out of the denominator is out of the numerator, for the same reason. #}
{% macro reason_outside_numerator(level) -%}
    case
            when not classes.is_online then 'not_online'
            when not {{ is_listed('classes.channel_code', 'definitions.denominator_channels') }} then 'channel_not_counted'
            when
                {{ is_listed(level, 'definitions.denominator_levels') }}
                and {{ is_listed(level, 'definitions.numerator_levels') }}
                then null
            when {{ level }} is null then 'no_level'
            else 'level_not_counted'
        end
{%- endmacro %}

{# Whether an agency's row is part of a row of mart_online_rates of the same month: the agency itself, its group, the
   province. #}
{% macro belongs_to(agency_row, whole) -%}
    {{ agency_row }}.month = {{ whole }}.month
            and (
                {{ whole }}.scope = 'province'
                or ({{ whole }}.scope = 'group' and {{ whole }}.entity_code = {{ agency_row }}.group_code)
                or ({{ whole }}.scope = 'agency' and {{ whole }}.entity_code = {{ agency_row }}.entity_code)
            )
{%- endmacro %}

{# Whether a definition is valid on a month's last day. #}
{% macro is_in_force(definition, month) -%}
    coalesce({{ definition }}.valid_from <= {{ dbt.last_day(month, 'month') }}, true)
        and coalesce({{ definition }}.valid_to >= {{ dbt.last_day(month, 'month') }}, true)
{%- endmacro %}
