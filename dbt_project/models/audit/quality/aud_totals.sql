-- One row per total, month and agency: the total beside the sum of its classes and its residue, each counted by itself.
with filings as (select * from {{ ref('fct_filings') }}),

payments as (select * from {{ ref('fct_payments') }}),

procedures as (
    select * from {{ ref('dim_procedures') }}
    where is_known
),

agencies as (
    {{ select_newest_agencies() }}
),

months as (
    select distinct file_month as month from {{ ref('stg_landing__extracts') }}
    where entity = 'filings'
),

received_by_channel as (
    select
        'filings.received_by_channel' as total_id,
        received_month as month,
        agency_code,
        cast(count(*) as bigint) as total,
        cast(
            sum(case when channel_code = 1 then 1 else 0 end)
            + sum(case when channel_code = 2 then 1 else 0 end)
            + sum(case when channel_code = 3 then 1 else 0 end) as bigint
        ) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from filings
    where is_received
    group by received_month, agency_code
),

online_by_level as (
    select
        'filings.online_by_level' as total_id,
        received_month as month,
        agency_code,
        cast(count(*) as bigint) as total,
        cast(
            sum(case when level_code = '3' then 1 else 0 end)
            + sum(case when level_code = '4' then 1 else 0 end) as bigint
        ) as sum_of_classes,
        cast(sum(case when level_code is null or level_code in ('1', '2') then 1 else 0 end) as bigint) as residue,
        'Không phân mức' as residue_name_vi
    from filings
    where is_received and is_online
    group by received_month, agency_code
),

paid_by_method as (
    select
        'payments.paid_by_method' as total_id,
        paid_month as month,
        agency_code,
        cast(count(*) as bigint) as total,
        cast(
            sum(case when is_online_payment then 1 else 0 end)
            + sum(case when method_id in ('cash', 'transfer') and not is_online_payment then 1 else 0 end) as bigint
        ) as sum_of_classes,
        cast(
            sum(
                case
                    when not is_online_payment and (method_id is null or method_id not in ('cash', 'transfer'))
                        then 1
                    else 0
                end
            ) as bigint
        ) as residue,
        'Trực tuyến nhưng được miễn, hoặc không ghi hình thức' as residue_name_vi
    from payments
    where is_paid
    group by paid_month, agency_code
),

amount_by_fee as (
    select
        'payments.amount_by_phi_and_le_phi' as total_id,
        paid_month as month,
        agency_code,
        cast(sum(amount_vnd) as bigint) as total,
        cast(sum(phi_vnd) + sum(le_phi_vnd) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from payments
    where is_paid
    group by paid_month, agency_code
),

catalogue_by_level as (
    select
        'catalogue.services_by_level' as total_id,
        months.month,
        cast(null as {{ dbt.type_string() }}) as agency_code,
        cast(count(*) as bigint) as total,
        cast(
            sum(case when procedures.level_code = '3' then 1 else 0 end)
            + sum(case when procedures.level_code = '4' then 1 else 0 end) as bigint
        ) as sum_of_classes,
        cast(
            sum(case when procedures.level_code is null or procedures.level_code in ('1', '2') then 1 else 0 end)
            as bigint
        ) as residue,
        'Dưới mức độ 3' as residue_name_vi
    from months
    inner join procedures
        on
            procedures.valid_from <= {{ dbt.last_day('months.month', 'month') }}
            and (procedures.valid_to is null or procedures.valid_to >= {{ dbt.last_day('months.month', 'month') }})
    group by months.month
),

unioned as (
    select * from received_by_channel
    union all
    select * from online_by_level
    union all
    select * from paid_by_method
    union all
    select * from amount_by_fee
    union all
    select * from catalogue_by_level
)

select
    unioned.total_id,
    unioned.month,
    unioned.agency_code,
    agencies.name_vi as agency_name_vi,
    unioned.total,
    unioned.sum_of_classes,
    unioned.residue,
    unioned.residue_name_vi,
    unioned.sum_of_classes + unioned.residue as total_explained
from unioned
left join agencies on unioned.agency_code = agencies.agency_code
order by unioned.total_id, unioned.month, unioned.agency_code
