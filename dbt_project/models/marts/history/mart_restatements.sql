-- One row per pair of publications, metric, scope, entity and month whose published figure changed.
-- The story is carried forward: the rows of the publication before, and what this one changes.
{% set causes = restatement_causes() -%}
{% set rated = ['received', 'online'] -%}
{% set place = ['from_publication', 'to_publication', 'metric', 'scope', 'entity_code', 'entity_name_vi', 'month'] -%}
{% set old_and_new = ['old_value', 'new_value', 'old_rate_percent', 'new_rate_percent'] -%}
with candidate as (select * from {{ ref('stg_history__candidate') }}),

publication as (select * from {{ ref('stg_history__publication') }}),

earlier_restatements as (select * from {{ ref('stg_history__restatements') }}),

earlier_rates as (select * from {{ ref('stg_history__online_rates') }}),

earlier_payment_figures as (select * from {{ ref('stg_history__payment_figures') }}),

earlier_closed_months as (select * from {{ ref('stg_history__closed_definitions') }}),

closed_months as (select * from {{ ref('stg_closed__definitions') }}),

earlier_cut_off as (select * from {{ ref('stg_history__data_cut_off') }}),

rates as (select * from {{ ref('mart_online_rates') }}),

payment_figures as (select * from {{ ref('mart_payments') }}),

movements as (
    select * from {{ ref('mart_figure_movements') }}
    where baseline = 'publication'
),

metrics as (select * from {{ ref('ref_metrics') }}),

restated_months as (
    select month from earlier_cut_off
    where {{ is_month_over() }}
),

{% for side, rates_table, payments_table in [
    ('earlier', 'earlier_rates', 'earlier_payment_figures'),
    ('later', 'rates', 'payment_figures'),
] -%}
{{ side }}_figures as (
    {% for table, measures in [(rates_table, filing_metrics()), (payments_table, payment_metrics())] -%}
    {% set last_table = loop.last -%}
    {% for measure in measures -%}
    select
        '{{ measure }}' as metric,
        {{ table }}.month,
        {{ table }}.scope,
        {{ table }}.entity_code,
        {{ table }}.entity_name_vi,
        {{ table }}.group_code,
        {{ table }}.{{ measure }} as figure,
        {{ table ~ '.online_rate_percent' if measure in rated else 'cast(null as double)' }} as rate_percent
    from {{ table }}
    inner join restated_months on {{ table }}.month = restated_months.month
    {% if not (last_table and loop.last) %}union all
    {% endif %}
    {%- endfor %}
    {%- endfor %}
),

{% endfor -%}

paired as (
    select
        {% for column in ['metric', 'month', 'scope', 'entity_code', 'entity_name_vi', 'group_code'] -%}
        coalesce(later_figures.{{ column }}, earlier_figures.{{ column }}) as {{ column }},
        {% endfor -%}
        earlier_figures.group_code as earlier_group_code,
        earlier_figures.figure as old_value,
        later_figures.figure as new_value,
        earlier_figures.rate_percent as old_rate_percent,
        later_figures.rate_percent as new_rate_percent,
        earlier_figures.entity_code is not null and later_figures.entity_code is not null as stands_on_both_sides
    from earlier_figures
    full outer join later_figures
        on {{ share('earlier_figures', 'later_figures', ['metric', 'month', 'scope', 'entity_code']) }}
),

province as (
    select distinct entity_code as province_code from paired
    where scope = 'province'
),

moved as (
    select
        metric,
        month,
        agency_code,
        cause,
        sum(effect) as effect
    from movements
    group by metric, month, agency_code, cause
),

moved_of_agencies as (
    select
        moved.*,
        paired.group_code
    from moved
    inner join paired
        on
            moved.metric = paired.metric
            and moved.month = paired.month
            and moved.agency_code = paired.entity_code
            and paired.scope = 'agency'
),

-- An agency that has come to another group takes its old figure along, though no record of it moved.
regrouped as (
    select
        metric,
        month,
        earlier_group_code,
        group_code,
        old_value
    from paired
    where scope = 'agency' and old_value <> 0 and earlier_group_code <> group_code
),

rolled_up as (
    {{ roll_up('moved_of_agencies') }}
),

effects as (
    select
        metric,
        month,
        scope,
        entity_code,
        cause,
        effect
    from rolled_up
    {%- for sign, column in [('', 'group_code'), ('-', 'earlier_group_code')] %}
    union all
    select
        metric,
        month,
        'group' as scope,
        {{ column }} as entity_code,
        'reclassified' as cause,
        {{ sign }}old_value as effect
    from regrouped
    {%- endfor %}
),

causes as (
    select
        metric,
        month,
        scope,
        entity_code{% for cause in causes %},
        sum(case when cause = '{{ cause }}' then effect else 0 end) as {{ cause }}{% endfor %}
    from effects
    group by metric, month, scope, entity_code
),

changed as (
    select
        paired.*,
        coalesce(paired.new_value, 0) - coalesce(paired.old_value, 0) as change
        {%- for cause in causes %},
        coalesce(causes.{{ cause }}, 0) as {{ cause }}{% endfor %}
    from paired
    left join causes on {{ share('paired', 'causes', ['metric', 'month', 'scope', 'entity_code']) }}
    -- An entity that one side does not list has no figure there; a 0 that comes or goes with it is no news.
    where
        paired.old_value is distinct from paired.new_value
        and (paired.stands_on_both_sides or coalesce(paired.old_value, 0) <> coalesce(paired.new_value, 0))
),

-- What the two sides of a month were made with: a closed month keeps what it was closed with.
made as (
    select
        restated_months.month,
        publication.publication_number as from_publication,
        candidate.publication_number as to_publication,
        coalesce(earlier_closed_months.software_version, publication.software_version)
        = coalesce(closed_months.software_version, candidate.software_version)
        and coalesce(earlier_closed_months.definitions_digest, publication.definitions_digest)
        = coalesce(closed_months.definitions_digest, candidate.definitions_digest) as has_same_definitions
    from restated_months
    cross join publication
    cross join candidate
    left join earlier_closed_months on restated_months.month = earlier_closed_months.month
    left join closed_months on restated_months.month = closed_months.month
),

-- What no record explains is another definition if the definitions differ. If they do not, nobody knows: it stays
-- visible, and a test stops the night.
explained as (
    select
        changed.*,
        made.from_publication,
        made.to_publication,
        coalesce(made.has_same_definitions, false) as has_same_definitions,
        changed.change
        {%- for cause in causes %}
        - changed.{{ cause }}
        {%- endfor %} as left_over
    from changed
    inner join made on changed.month = made.month
),

attributed as (
    select
        {{ (place + old_and_new + ['change'] + causes[:-1]) | join(',\n        ') }},
        definition_changed + case when has_same_definitions then 0 else left_over end as definition_changed,
        case when has_same_definitions then left_over else 0 end as unexplained
    from explained
    union all
    select
        {{ (place + old_and_new + ['change'] + causes) | join(',\n        ') }},
        0 as unexplained
    from earlier_restatements
)

select
    attributed.from_publication,
    attributed.to_publication,
    attributed.metric,
    coalesce(metrics.name_vi, attributed.metric) as metric_name_vi,
    metrics.noun_vi as unit,
    metrics.restated_order as metric_place,
    attributed.scope,
    attributed.entity_code,
    attributed.entity_name_vi,
    attributed.month,
    attributed.old_value,
    attributed.new_value,
    cast(attributed.change as bigint) as change{% for cause in causes %},
    cast(attributed.{{ cause }} as bigint) as {{ cause }}{% endfor %},
    cast(attributed.unexplained as bigint) as unexplained,
    attributed.old_rate_percent,
    attributed.new_rate_percent,
    attributed.new_rate_percent - attributed.old_rate_percent as rate_change_points
from attributed
left join metrics on attributed.metric = metrics.metric
order by
    attributed.from_publication, attributed.to_publication, attributed.month, attributed.metric, attributed.scope,
    attributed.entity_code
