-- One row per agency and span of days: the agency that answers for its filings in the span.
with recursive agencies as (
    select * from {{ ref('dim_agencies') }}
    where is_known
),

successions as (select * from {{ ref('stg_province__agency_successions') }}),

-- The days of each code: in force, with the first day of its next span.
own_spans as (
    select
        agency_code,
        valid_from as span_from,
        coalesce(valid_to, cast('9999-12-31' as date)) as span_to,
        lead(valid_from) over (partition by agency_code order by valid_from) as next_from
    from agencies
),

-- Who took all of an agency over on a day; several successors are a split, whatever each is called. A transferred part
-- moves no record: which filings it was, they do not say.
takeovers as (
    select
        predecessor_code,
        effective_on,
        case
            when count(*) = 1 and min(kind) <> 'split' then min(successor_code)
            else 'unallocated'
        end as successor_code
    from successions
    where kind <> 'transfer'
    group by predecessor_code, effective_on
),

-- Each code's days in pieces: its own, and those between or after, for which its successor answers.
pieces as (
    select
        agency_code,
        agency_code as answering_code,
        span_from,
        span_to
    from own_spans

    union all

    select
        gaps.agency_code,
        coalesce(takeovers.successor_code, 'unallocated') as answering_code,
        gaps.span_from,
        gaps.span_to
    from (
        select
            agency_code,
            cast({{ dbt.dateadd('day', 1, 'span_to') }} as date) as span_from,
            coalesce(
                cast({{ dbt.dateadd('day', -1, 'next_from') }} as date), cast('9999-12-31' as date)
            ) as span_to
        from own_spans
        where span_to < cast('9999-12-31' as date)
    ) as gaps
    left join takeovers
        on
            gaps.agency_code = takeovers.predecessor_code
            and gaps.span_from = takeovers.effective_on
    where gaps.span_from <= gaps.span_to
),

-- A successor may have ended too: its own successor answers then, and so on. Each step's end lies after the one before.
followed as (
    select
        agency_code,
        answering_code,
        span_from,
        span_to,
        answering_code in (agency_code, 'unallocated') as is_settled
    from pieces

    union all

    select
        followed.agency_code,
        pieces.answering_code,
        greatest(followed.span_from, pieces.span_from) as span_from,
        least(followed.span_to, pieces.span_to) as span_to,
        pieces.answering_code in (pieces.agency_code, 'unallocated') as is_settled
    from followed
    inner join pieces
        on
            followed.answering_code = pieces.agency_code
            and followed.span_from <= pieces.span_to
            and followed.span_to >= pieces.span_from
    where not followed.is_settled
),

settled as (
    select
        *,
        coalesce(
            answering_code <> lag(answering_code) over (partition by agency_code order by span_from), true
        ) as is_new_heir
    from followed
    where is_settled
),

numbered as (
    select
        *,
        sum(case when is_new_heir then 1 else 0 end) over (
            partition by agency_code
            order by span_from
            rows between unbounded preceding and current row
        ) as heir_number
    from settled
),

spans as (
    select
        agency_code,
        answering_code as heir_code,
        min(span_from) as heir_from,
        nullif(max(span_to), cast('9999-12-31' as date)) as heir_to
    from numbered
    group by agency_code, answering_code, heir_number
),

-- Members that no record's day can change.
fixed_members as (
    select
        agency_code,
        agency_code as heir_code,
        cast('1900-01-01' as date) as heir_from,
        cast(null as date) as heir_to
    from {{ ref('dim_agencies') }}
    where not is_known
)

select * from spans
union all
select * from fixed_members
order by agency_code, heir_from
