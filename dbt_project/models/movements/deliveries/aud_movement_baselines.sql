-- One row per basis, span, entity, month and agency: the rows and the money before, and the candidate's.
{% set counted = {
    'filings': ('fct_filings', 'received_month', 'is_received', 'stg_history__filings'),
    'payment_requests': ('fct_payments', 'paid_month', 'is_paid', 'stg_history__payments'),
    'payment_attempts': ('fct_payment_attempts', 'attempted_month', 'true', 'stg_history__payment_attempts'),
} -%}
with bands as (select * from {{ ref('stg_province__drift_bands') }}),

extracts as (
    select * from {{ ref('stg_landing__extracts') }}
    where is_active
),

agencies as (
    {{ select_newest_agencies(known_only=true) }}
),

{% for side in ['present', 'before'] -%}
counted_{{ side }} as (
    {% for entity, (fact, month, condition, history) in counted.items() -%}
    select
        '{{ entity }}' as entity,
        agency_code,
        {{ month }} as month,
        count(*) as row_count,
        {{ 'cast(null as bigint)' if entity == 'filings' else 'cast(sum(amount_vnd) as bigint)' }} as amount_vnd
    from {{ ref(fact if side == 'present' else history) }}
    where {{ month }} is not null and {{ condition }}
    group by agency_code, {{ month }}
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

{% endfor -%}

complete_now as (
    select
        entity,
        month,
        agency_code
    from {{ ref('int_deliveries') }}
    where is_delivered
),

complete_before as (
    select
        entity,
        month,
        agency_code
    from {{ ref('stg_history__feeds') }}
    group by entity, month, agency_code
    having {{ is_month_complete() }}
),

-- A month whose files were all fetched before it ended is still running: it may grow, and it is not yet small.
running_now as (
    select
        entity,
        file_month as month
    from extracts
    group by entity, file_month
    having max(fetched_at) < {{ dbt.dateadd('month', 1, 'file_month') }}
),

running_before as (
    select month from {{ ref('stg_history__data_cut_off') }}
    where data_cut_off_at < {{ dbt.dateadd('month', 1, 'month') }}
),

-- Whatever became of it: an agency that was published and has nothing left is the first that must be seen.
published as (
    select
        'published' as basis,
        cast(null as integer) as trailing_months,
        complete_before.entity,
        complete_before.month,
        agencies.agency_code,
        agencies.group_code,
        cast(coalesce(counted_before.row_count, 0) as double) as rows_before,
        cast(coalesce(counted_before.amount_vnd, 0) as double) as amount_before_vnd,
        coalesce(counted_present.row_count, 0) as rows_now,
        coalesce(counted_present.amount_vnd, 0) as amount_now_vnd,
        false as may_be_small,
        running_before.month is not null as may_grow
    from complete_before
    inner join agencies on complete_before.agency_code = agencies.agency_code
    left join counted_before
        on {{ share('complete_before', 'counted_before', ['entity', 'month', 'agency_code']) }}
    left join counted_present
        on {{ share('complete_before', 'counted_present', ['entity', 'month', 'agency_code']) }}
    left join running_before on complete_before.month = running_before.month
),

-- What did not come is for the feeds to tell; here stands what came whole, as far as anybody knows.
monthly as (
    select
        complete_now.entity,
        complete_now.month,
        agencies.agency_code,
        agencies.group_code,
        coalesce(counted_present.row_count, 0) as row_count,
        coalesce(counted_present.amount_vnd, 0) as amount_vnd,
        running_now.month is not null as is_running,
        complete_before.month is null as is_expected
    from complete_now
    inner join agencies on complete_now.agency_code = agencies.agency_code
    left join counted_present
        on {{ share('complete_now', 'counted_present', ['entity', 'month', 'agency_code']) }}
    left join running_now on complete_now.entity = running_now.entity and complete_now.month = running_now.month
    left join complete_before
        on {{ share('complete_now', 'complete_before', ['entity', 'month', 'agency_code']) }}
),

spans as (
    select distinct trailing_months from bands
    where basis = 'trailing'
),

-- The last months that came, not the last of the calendar: a month that is held must not leave the next ones unjudged.
placed as (
    select
        *,
        row_number() over (partition by entity, agency_code order by month) as place
    from monthly
    where not is_running or is_expected
),

-- Each month once for every later one whose mean it is a part of.
earlier_months as (
    select
        spans.trailing_months,
        placed.entity,
        placed.agency_code,
        placed.row_count,
        placed.amount_vnd,
        {{ each_number('placed.place + 1', 'placed.place + spans.trailing_months') }} as place
    from placed
    cross join spans
),

months_before as (
    select
        'trailing' as basis,
        earlier.trailing_months,
        placed.entity,
        placed.month,
        placed.agency_code,
        placed.group_code,
        avg(earlier.row_count) as rows_before,
        avg(earlier.amount_vnd) as amount_before_vnd,
        placed.row_count as rows_now,
        placed.amount_vnd as amount_now_vnd,
        placed.is_running as may_be_small,
        false as may_grow
    from placed
    inner join earlier_months as earlier on {{ share('placed', 'earlier', ['entity', 'agency_code', 'place']) }}
    where placed.is_expected
    group by
        earlier.trailing_months, placed.entity, placed.month, placed.agency_code, placed.group_code, placed.row_count,
        placed.amount_vnd, placed.is_running
    having count(*) = earlier.trailing_months
),

-- The agency's word on a month goes before what the months before it were like.
reported as (
    select
        'reported' as basis,
        cast(null as integer) as trailing_months,
        'filings' as entity,
        monthly.month,
        monthly.agency_code,
        monthly.group_code,
        cast(sum(audited.reported_value) as double) as rows_before,
        cast(0 as double) as amount_before_vnd,
        monthly.row_count as rows_now,
        monthly.amount_vnd as amount_now_vnd,
        monthly.is_running as may_be_small,
        false as may_grow
    from {{ ref('aud_reported_figures') }} as audited
    inner join monthly
        on
            audited.month = monthly.month
            and audited.source_agency_code = monthly.agency_code
            and monthly.entity = 'filings'
            and monthly.is_expected
    where audited.indicator = 'ho_so_tiep_nhan'
    group by
        monthly.month, monthly.agency_code, monthly.group_code, monthly.row_count, monthly.amount_vnd,
        monthly.is_running
)

select * from published
union all
select * from months_before
union all
select * from reported
