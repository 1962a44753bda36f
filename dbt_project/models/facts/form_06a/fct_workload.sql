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

calendars as (select distinct calendar_id from periods),

-- A day before the first boundary stands for itself.
stretches as (
    select
        calendars.calendar_id,
        days.happened_on,
        coalesce(max(boundaries.boundary), days.happened_on) as stretch
    from days
    cross join calendars
    left join boundaries
        on
            calendars.calendar_id = boundaries.calendar_id
            and days.happened_on >= boundaries.boundary
    group by calendars.calendar_id, days.happened_on
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
    group by
        received.calendar_id,
        spans.agency_code,
        spans.field_code,
        spans.is_received,
        spans.is_online,
        spans.status_code,
        received.stretch,
        ended.stretch,
        due.stretch,
        spans.is_end_known,
        punctuality
),

-- What was open at any time of the period, and what came in it and was not received.
at_hand as (
    select
        periods.period_key,
        periods.first_day,
        periods.last_day,
        coalesce(heirs.heir_code, classes.agency_code) as heir_code,
        classes.*
    from classes
    inner join periods
        on
            classes.calendar_id = periods.calendar_id
            and classes.received_on <= periods.last_day
            and (
                (classes.is_received and (classes.ended_on is null or classes.ended_on >= periods.first_day))
                or (not classes.is_received and classes.received_on >= periods.first_day)
            )
    left join heirs
        on
            classes.agency_code = heirs.agency_code
            and periods.last_day >= heirs.heir_from
            and (heirs.heir_to is null or periods.last_day <= heirs.heir_to)
),

counted as (
    select
        period_key,
        heir_code as agency_code,
        field_code
        {%- for column, condition in workload_conditions().items() %},
        cast(sum(case when {{ condition }} then filing_count else 0 end) as bigint) as {{ column }}{% endfor %}
    from at_hand
    group by period_key, heir_code, field_code
)

select
    counted.period_key,
    periods.calendar_id,
    periods.period_code,
    periods.month,
    counted.agency_code,
    counted.field_code
    {%- for column in workload_conditions() %},
    counted.{{ column }}{% endfor %}
from counted
inner join periods on counted.period_key = periods.period_key
