-- One row per received filing: whether it owes a fee, whether that was paid online, and whether it is flagged as paid.
with filings as (
    select * from {{ ref('fct_filings') }}
    where is_received
),

procedures as (select * from {{ ref('dim_procedures') }}),

payments as (select * from {{ ref('fct_payments') }}),

-- A request that was cancelled asks for nothing; one of 0 VND, or of a payer who is exempt, asks for nothing either.
asked as (
    select
        source_id,
        filing_id,
        is_online_payment,
        method_id,
        status_id <> 'cancelled' as is_standing,
        amount_vnd > 0 and coalesce(collection_id <> 'exempt', true) as is_charged,
        is_paid and amount_vnd > 0 as is_paid_something,
        is_paid and amount_vnd > 0 and coalesce(collection_id <> 'exempt', true) as is_paid_charge,
        cast(paid_at as date) as paid_on
    from payments
),

of_filings as (
    select
        source_id,
        filing_id,
        count(*) as request_count,
        bool_or(is_standing) and not bool_or(is_standing and is_charged) as is_duty_waived,
        bool_or(is_online_payment) as is_paid_online,
        bool_or(is_paid_something) as is_flagged_paid,
        min(case when is_online_payment then paid_on end) as paid_online_on,
        min(case when is_paid_something then paid_on end) as flagged_paid_on,
        bool_or(is_paid_charge) as has_paid_charge,
        bool_or(is_paid_charge and coalesce(method_id = 'cash', false)) as has_paid_cash,
        bool_or(is_paid_charge and coalesce(method_id = 'transfer', false)) as has_paid_transfer
    from asked
    group by source_id, filing_id
),

-- NULL where the catalogue does not know the procedure: whether a fee is due is not known then.
judged as (
    select
        filings.source_id,
        filings.filing_id,
        filings.agency_key,
        filings.agency_code,
        filings.procedure_key,
        filings.received_month,
        cast(filings.received_at as date) as received_on,
        procedures.has_fee as is_fee_bearing,
        coalesce(of_filings.is_duty_waived, false) as is_duty_waived,
        case
            when procedures.has_fee is not null
                then procedures.has_fee and not coalesce(of_filings.is_duty_waived, false)
        end as has_duty,
        cast(coalesce(of_filings.request_count, 0) as bigint) as request_count,
        coalesce(of_filings.is_paid_online, false) as is_paid_online,
        coalesce(of_filings.is_flagged_paid, false) as is_flagged_paid,
        of_filings.paid_online_on,
        of_filings.flagged_paid_on,
        coalesce(of_filings.has_paid_charge, false) as has_paid_charge,
        coalesce(of_filings.has_paid_cash, false) as has_paid_cash,
        coalesce(of_filings.has_paid_transfer, false) as has_paid_transfer
    from filings
    inner join procedures on filings.procedure_key = procedures.procedure_key
    left join of_filings on filings.source_id = of_filings.source_id and filings.filing_id = of_filings.filing_id
)

select
    source_id,
    filing_id,
    agency_key,
    agency_code,
    procedure_key,
    received_month,
    received_on,
    is_fee_bearing,
    is_duty_waived,
    has_duty,
    request_count,
    is_paid_online,
    has_paid_charge and not is_paid_online as is_paid_otherwise,
    is_flagged_paid,
    paid_online_on,
    flagged_paid_on,
    -- Strict: owes a fee and paid it online. How it was paid is asked first, then what the catalogue says, so that each
    -- filing has one reason.
    case
        when is_flagged_paid = (is_paid_online and coalesce(has_duty, false)) then null
        when not is_flagged_paid then 'zero_amount'
        when is_paid_online and is_fee_bearing is null then 'unknown_procedure'
        when is_paid_online and not is_fee_bearing then 'no_fee_in_catalogue'
        when is_paid_online then 'exempt'
        when has_paid_cash then 'paid_in_cash'
        when has_paid_transfer then 'paid_by_transfer'
        when has_paid_charge then 'method_not_given'
        else 'exempt'
    end as flag_gap_reason
from judged
