-- One row per agency, month and indicator that an agency reported itself: its figure beside what its records say.
with reported as (select * from {{ ref('fct_reported_figures') }}),

filings as (select * from {{ ref('fct_filings') }}),

-- One name per code, the newest: a renamed agency must not double its rows.
agencies as (
    select
        agency_code,
        name_vi,
        short_name_vi,
        group_code,
        group_name_vi,
        group_order,
        official_order
    from {{ ref('dim_agencies') }}
    qualify row_number() over (partition by agency_code order by valid_from desc) = 1
),

counted as (
    select
        source_id,
        agency_code,
        received_month as month,
        count(*) as received,
        sum(case when is_online then 1 else 0 end) as online
    from filings
    where is_received
    group by source_id, agency_code, received_month
)

select
    reported.source_id,
    reported.month,
    reported.source_agency_code,
    agencies.name_vi as agency_name_vi,
    reported.indicator,
    reported.reported_value,
    cast(
        case
            when reported.indicator = 'ho_so_tiep_nhan' then coalesce(counted.received, 0)
            when reported.indicator = 'ho_so_truc_tuyen' then coalesce(counted.online, 0)
        end as bigint
    ) as recorded_value
from reported
left join counted
    on
        reported.source_id = counted.source_id
        and reported.source_agency_code = counted.agency_code
        and reported.month = counted.month
left join agencies on reported.source_agency_code = agencies.agency_code
where reported.indicator in ('ho_so_tiep_nhan', 'ho_so_truc_tuyen')
order by reported.source_id, reported.month, reported.source_agency_code, reported.indicator
