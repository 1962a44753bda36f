-- One row per identity of form II.06a, figure, reporting period and agency (NULL for the province): both its sides.
with workload as (select * from {{ ref('fct_workload') }}),

periods as (select * from {{ ref('dim_reporting_periods') }}),

heirs as (select * from {{ ref('dim_agency_heirs') }}),

filings as (select * from {{ ref('fct_filings') }}),

agencies as (
    {{ select_newest_agencies() }}
),

{% set identities = [
    ('workload.received_is_new_and_carried_in', 'workload_total', 'received_online + received_other + carried_in'),
    ('workload.resolved_is_early_on_time_late', 'resolved_total', 'resolved_early + resolved_on_time + resolved_late'),
    ('workload.pending_is_in_time_and_overdue', 'pending_total', 'pending_in_time + pending_overdue'),
    ('workload.received_is_resolved_and_pending', 'workload_total', 'resolved_total + pending_total'),
] -%}
of_lines as (
    {%- for rule_id, total, parts in identities %}
    select
        '{{ rule_id }}' as rule_id,
        '{{ total }}' as figure,
        period_key,
        agency_code,
        {{ total }} as total,
        {{ parts }} as sum_of_parts
    from workload
    union all
    {%- endfor %}
    -- What the period directly before left open is what this one began with, with whoever answers for it by then.
    select
        'workload.carried_in_is_carried_out' as rule_id,
        'carried_in' as figure,
        period_key,
        agency_code,
        sum(carried_in) as total,
        sum(carried_out) as sum_of_parts
    from (
        select
            workload.period_key,
            workload.agency_code,
            workload.field_code,
            workload.carried_in,
            0 as carried_out
        from workload
        inner join periods on workload.period_key = periods.period_key
        where periods.previous_period_key is not null

        union all

        select
            periods.period_key,
            coalesce(heirs.heir_code, workload.agency_code) as agency_code,
            workload.field_code,
            0 as carried_in,
            workload.pending_total as carried_out
        from workload
        inner join periods on workload.period_key = periods.previous_period_key
        left join heirs
            on
                workload.agency_code = heirs.agency_code
                and periods.last_day >= heirs.heir_from
                and periods.last_day <= coalesce(heirs.heir_to, cast('9999-12-31' as date))
    ) as sides
    group by period_key, agency_code, field_code
),

-- The agencies' lines, of which one too high and one too low must not make a sum that holds.
of_agencies as (
    select
        rule_id,
        figure,
        period_key,
        agency_code,
        sum(total) as total,
        sum(sum_of_parts) as sum_of_parts,
        sum(case when total = sum_of_parts then 0 else 1 end) as failing_fields
    from of_lines
    group by rule_id, figure, period_key, agency_code
),

-- The province again, another way: no filing is held against a period, days are counted and running totals subtracted.
happened as (
    select
        cast(received_at as date) as received_on,
        cast(due_at as date) as due_on,
        case
            when cast(finished_at as date) >= cast(received_at as date) then cast(finished_at as date)
            when finished_at is null and cast(returned_at as date) >= cast(received_at as date)
                then cast(returned_at as date)
            when status_code = 7 then cast(received_at as date)
        end as ended_on
    from filings
    where is_received
),

daily as (
    select
        received_on as happened_on,
        'received' as what,
        count(*) as day_count
    from happened
    group by received_on
    union all
    select
        ended_on as happened_on,
        'ended' as what,
        count(*) as day_count
    from happened
    where ended_on is not null
    group by ended_on
    union all
    select
        greatest(received_on, due_on) as happened_on,
        'fell_due' as what,
        count(*) as day_count
    from happened
    where due_on is not null
    group by greatest(received_on, due_on)
    union all
    select
        greatest(received_on, due_on, ended_on) as happened_on,
        'ended_and_fell_due' as what,
        count(*) as day_count
    from happened
    where due_on is not null and ended_on is not null
    group by greatest(received_on, due_on, ended_on)
),

-- The day before a period and its last one have a total of all days until then, also where nothing happened on them.
asked_days as (
    select cast({{ dbt.dateadd('day', -1, 'first_day') }} as date) as happened_on from periods
    union distinct
    select last_day as happened_on from periods
),

{% set totals = {
    'received': 'received', 'ended': 'ended', 'fell_due': 'fell_due', 'ended_and_fell_due': 'fell_due_and_ended',
} -%}
totals as (
    select
        happened_on
        {%- for what, column in totals.items() %},
        sum(sum(case when what = '{{ what }}' then day_count else 0 end))
            over (order by happened_on) as {{ column }}{% endfor %}
    from (
        select * from daily
        union all
        select
            happened_on,
            'asked' as what,
            0 as day_count
        from asked_days
    ) as all_days
    group by happened_on
),

running as (
    select
        periods.period_key,
        day_before.received as received_before,
        till_end.received as received_till_end,
        day_before.ended as ended_before,
        till_end.ended as ended_till_end,
        till_end.fell_due,
        till_end.fell_due_and_ended
    from periods
    inner join totals as day_before
        on day_before.happened_on = cast({{ dbt.dateadd('day', -1, 'periods.first_day') }} as date)
    inner join totals as till_end on periods.last_day = till_end.happened_on
),

of_province as (
    {%- for figure, counted, summed in [
        ('workload_total', 'received_till_end - ended_before', 'workload_total'),
        ('received', 'received_till_end - received_before', 'received_online + received_other'),
        ('carried_in', 'received_before - ended_before', 'carried_in'),
        ('resolved_total', 'ended_till_end - ended_before', 'resolved_total'),
        ('pending_total', 'received_till_end - ended_till_end', 'pending_total'),
        ('pending_overdue', 'fell_due - fell_due_and_ended', 'pending_overdue'),
    ] %}
    select
        'workload.agencies_are_the_province' as rule_id,
        '{{ figure }}' as figure,
        running.period_key,
        cast(null as {{ dbt.type_string() }}) as agency_code,
        any_value({{ counted }}) as total,
        coalesce(sum({{ summed }}), 0) as sum_of_parts,
        0 as failing_fields
    from running
    left join workload on running.period_key = workload.period_key
    group by running.period_key{% if not loop.last %}
    union all{% endif %}
    {%- endfor %}
),

unioned as (
    select * from of_agencies
    union all
    select * from of_province
)

select
    unioned.rule_id,
    unioned.figure,
    unioned.period_key,
    periods.month,
    unioned.agency_code,
    agencies.name_vi as agency_name_vi,
    cast(unioned.total as bigint) as total,
    cast(unioned.sum_of_parts as bigint) as sum_of_parts,
    cast(unioned.failing_fields as bigint) as failing_fields
from unioned
inner join periods on unioned.period_key = periods.period_key
left join agencies on unioned.agency_code = agencies.agency_code
order by unioned.rule_id, unioned.figure, unioned.period_key, unioned.agency_code
