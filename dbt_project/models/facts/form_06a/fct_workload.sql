-- One row per reporting period, agency that answers at the period's end, and field: the workload of form II.06a.
-- Every column is counted by its own condition, totals too, so that an identity between them can fail. Days are whole:
-- what happened at any hour of the last day is in the period.
with filings as (select * from {{ ref('fct_filings') }}),

extracts as (select * from {{ ref('stg_landing__extracts') }}),

periods as (select * from {{ ref('dim_reporting_periods') }}),

heirs as (select * from {{ ref('dim_agency_heirs') }}),

-- The dates say how a filing stood at a past day, its status only how it stands in the newest row. It ends when it was
-- finished, else when the result was handed over; an end before the receipt is none. No field says when a filing was
-- withdrawn: without another date it ends on the day it came, and is compared with no due date.
dated as (
    select
        filings.agency_code,
        coalesce(filings.field_code, 'unknown') as field_code,
        filings.is_received,
        filings.is_online,
        filings.status_code,
        cast(
            coalesce(
                case when filings.is_received then filings.received_at end,
                filings.submitted_at,
                filings.received_at,
                extracts.file_month
            ) as date
        ) as received_on,
        cast(filings.due_at as date) as due_on,
        cast(coalesce(filings.finished_at, filings.returned_at) as date) as last_act_on
    from filings
    inner join extracts on filings.extract_id = extracts.extract_id
),

spans as (
    select
        *,
        case
            when not is_received then null
            when last_act_on >= received_on then last_act_on
            when status_code = 7 then received_on
        end as ended_on,
        coalesce(last_act_on >= received_on, false) as is_end_known
    from dated
),

-- The days on which a period of the calendar begins, or the day after one ends: between two of them nothing that is
-- asked of a day changes, so filings are counted by them and not one by one against every period.
boundaries as (
    select
        calendar_id,
        first_day as boundary
    from periods
    union distinct
    select
        calendar_id,
        cast({{ dbt.dateadd('day', 1, 'last_day') }} as date) as boundary
    from periods
),

days as (
    select received_on as happened_on from spans
    union distinct
    select ended_on as happened_on from spans
    where ended_on is not null
    union distinct
    select due_on as happened_on from spans
    where due_on is not null
),

reach as (
    select
        calendar_id,
        min(first_day) as first_day,
        max(last_day) as last_day
    from periods
    group by calendar_id
),

-- Each day with the newest boundary until then; one before the first boundary stands for itself.
stretches as (
    select
        calendar_id,
        happened_on,
        coalesce(max(boundary) over (partition by calendar_id order by happened_on), happened_on) as stretch
    from (
        select
            reach.calendar_id,
            days.happened_on,
            boundaries.boundary
        from days
        cross join reach
        left join boundaries on reach.calendar_id = boundaries.calendar_id and days.happened_on = boundaries.boundary
        union distinct
        select
            calendar_id,
            boundary as happened_on,
            boundary
        from boundaries
    ) as marked_days
),

classes as (
    select
        received.calendar_id,
        spans.agency_code,
        spans.field_code,
        spans.is_received,
        spans.is_online,
        spans.status_code,
        received.stretch as received_on,
        ended.stretch as ended_on,
        due.stretch as due_on,
        spans.is_end_known,
        -- What cannot be compared, for want of a due date or of the day of the end, is on time.
        case
            when spans.is_end_known and spans.ended_on < spans.due_on then 'early'
            when spans.is_end_known and spans.ended_on > spans.due_on then 'late'
            else 'on_time'
        end as punctuality,
        count(*) as filing_count
    from spans
    inner join stretches as received on spans.received_on = received.happened_on
    left join stretches as ended
        on spans.ended_on = ended.happened_on and received.calendar_id = ended.calendar_id
    left join stretches as due
        on spans.due_on = due.happened_on and received.calendar_id = due.calendar_id
    group by all
),

-- Until when the periods differ in how a class is counted: it ends, or it stays open and does no more than fall due.
changing as (
    select
        *,
        case
            when not is_received then received_on
            else coalesce(ended_on, greatest(received_on, coalesce(due_on, received_on)))
        end as changes_until
    from classes
),

changing_months as (
    select
        changing.*,
        {{ each_month(
            'greatest(changing.received_on, reach.first_day)', 'least(changing.changes_until, reach.last_day)'
        ) }} as month
    from changing
    inner join reach on changing.calendar_id = reach.calendar_id
),

period_months as (
    {{ select_period_months() }}
),

-- From then on only the number of open ones is carried from period to period.
{{ carry_open_filings() }},

-- What was open at any time of the period, and what came in it and was not received.
at_hand as (
    select
        periods.period_key,
        periods.first_day,
        periods.last_day,
        changing.agency_code,
        changing.field_code,
        changing.is_received,
        changing.is_online,
        changing.status_code,
        changing.received_on,
        changing.ended_on,
        changing.due_on,
        changing.is_end_known,
        changing.punctuality,
        changing.filing_count
    from changing_months as changing
    inner join period_months as periods
        on
            changing.calendar_id = periods.calendar_id
            and changing.month = periods.month
            and changing.received_on <= periods.last_day
            and changing.changes_until >= periods.first_day
    -- Of the months that both touch the first: each is held against a period once.
    where changing.month = date_trunc('month', greatest(changing.received_on, periods.first_day))

    union all

    select
        periods.period_key,
        periods.first_day,
        periods.last_day,
        carried.agency_code,
        carried.field_code,
        true as is_received,
        cast(null as boolean) as is_online,
        carried.status_code,
        cast({{ dbt.dateadd('day', -1, 'periods.first_day') }} as date) as received_on,
        cast(null as date) as ended_on,
        case
            when carried.has_due_date then cast({{ dbt.dateadd('day', -1, 'periods.first_day') }} as date)
        end as due_on,
        false as is_end_known,
        'on_time' as punctuality,
        carried.carried_count as filing_count
    from carried
    inner join periods on carried.calendar_id = periods.calendar_id and carried.first_day = periods.first_day
    where carried.carried_count > 0
),

counted as (
    select
        period_key,
        last_day,
        agency_code,
        field_code
        {%- for column, condition in workload_conditions().items() %},
        sum(case when {{ condition }} then filing_count else 0 end) as {{ column }}{% endfor %}
    from at_hand
    group by period_key, last_day, agency_code, field_code
),

-- Each with whoever answers for its agency on the period's last day.
of_heirs as (
    select
        counted.period_key,
        coalesce(heirs.heir_code, counted.agency_code) as agency_code,
        counted.field_code
        {%- for column in workload_conditions() %},
        cast(sum(counted.{{ column }}) as bigint) as {{ column }}{% endfor %}
    from counted
    left join heirs
        on
            counted.agency_code = heirs.agency_code
            and counted.last_day >= heirs.heir_from
            and counted.last_day <= coalesce(heirs.heir_to, cast('9999-12-31' as date))
    group by counted.period_key, coalesce(heirs.heir_code, counted.agency_code), counted.field_code
)

select
    of_heirs.period_key,
    periods.calendar_id,
    periods.period_code,
    periods.month,
    of_heirs.agency_code,
    of_heirs.field_code
    {%- for column in workload_conditions() %},
    of_heirs.{{ column }}{% endfor %}
from of_heirs
inner join periods on of_heirs.period_key = periods.period_key
