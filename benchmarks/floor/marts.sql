-- The aggregates that readers are given: by agency, group and province, and by month or longer.
create table mart_online_rates as
select
    received_month as month,
    case when grouping(agency_code) = 0 then 'agency' when grouping(group_code) = 0 then 'group' else 'province' end as scope,
    coalesce(agency_code, group_code) as entity_code,
    count(*) as received,
    count(*) filter (is_online) as online,
    count(*) filter (channel_code = '1') as direct,
    count(*) filter (is_channel_assumed) as direct_assumed,
    count(*) filter (channel_code = '3') as postal,
    count(*) filter (is_online and level_code = '3') as online_level_3,
    count(*) filter (is_online and level_code = '4') as online_level_4,
    count(*) filter (is_online and level_code is null) as online_no_level,
    100.0 * count(*) filter (is_online) / count(*) as online_rate_percent
from fct_filings
where is_received
group by grouping sets ((received_month, group_code, agency_code), (received_month, group_code), (received_month));

create table mart_online_rate_classes as
select received_month as month, agency_code, channel_code, level_code, catalogue_level_code, count(*) as filing_count
from fct_filings
where is_received
group by all;

create table mart_online_rate_changes as
select
    this.month,
    this.scope,
    this.entity_code,
    this.online_rate_percent - before.online_rate_percent as change_points,
    this.online_rate_percent - year_before.online_rate_percent as change_on_year_points
from mart_online_rates as this
left join mart_online_rates as before
    on
        this.scope = before.scope and this.entity_code is not distinct from before.entity_code
        and this.month = before.month + interval 1 month
left join mart_online_rates as year_before
    on
        this.scope = year_before.scope and this.entity_code is not distinct from year_before.entity_code
        and this.month = year_before.month + interval 1 year;

create table mart_period_online_rates as
select 'quarter' as period_kind, date_trunc('quarter', month) as period_start, scope, entity_code,
    sum(received) as received, sum(online) as online
from mart_online_rates
group by all
union all
select 'year', date_trunc('year', month), scope, entity_code, sum(received), sum(online) from mart_online_rates
group by all;

create table mart_payments as
with events as (
    select
        paid_month as month, group_code, agency_code, is_online_payment,
        amount_vnd as paid_vnd, phi_vnd, le_phi_vnd, 0 as refunded_vnd, 1 as paid_count, 0 as refunded_count
    from fct_payments
    where is_paid
    union all
    select refunded_month, group_code, agency_code, is_online_payment, 0, 0, 0, amount_vnd, 0, 1 from fct_payments
    where is_refunded
)

select
    month,
    case when grouping(agency_code) = 0 then 'agency' when grouping(group_code) = 0 then 'group' else 'province' end as scope,
    coalesce(agency_code, group_code) as entity_code,
    coalesce(sum(paid_count) filter (is_online_payment), 0)::bigint as online_payment_count,
    coalesce(sum(paid_vnd) filter (is_online_payment), 0)::bigint as online_payment_amount_vnd,
    coalesce(sum(phi_vnd) filter (is_online_payment), 0)::bigint as online_phi_vnd,
    coalesce(sum(le_phi_vnd) filter (is_online_payment), 0)::bigint as online_le_phi_vnd,
    coalesce(sum(refunded_count) filter (is_online_payment), 0)::bigint as online_refund_count,
    coalesce(sum(refunded_vnd) filter (is_online_payment), 0)::bigint as online_refund_amount_vnd,
    coalesce(sum(paid_count) filter (not is_online_payment), 0)::bigint as other_payment_count,
    coalesce(sum(paid_vnd) filter (not is_online_payment), 0)::bigint as other_payment_amount_vnd
from events
group by grouping sets ((month, group_code, agency_code), (month, group_code), (month));

create table mart_payment_attempts as
select attempted_month as month, agency_code, bank_code, status_id, error_code, count(*) as attempt_count
from fct_payment_attempts
group by all;

create table mart_payment_banks as
select paid_month as month, agency_code, bank_code, count(*) as payment_count, sum(amount_vnd) as amount_vnd
from fct_payments
where is_online_payment
group by all;

create table mart_payment_duties as
with paid as (
    select filing_id, bool_or(is_online_payment) as is_paid_online, bool_or(is_paid and amount_vnd > 0) as is_paid
    from fct_payments
    group by filing_id
)

select
    filings.received_month as month,
    filings.agency_code,
    filings.procedure_code,
    count(*) filter (filings.has_fee) as duty_count,
    count(*) filter (filings.has_fee and paid.is_paid_online) as paid_online_count,
    count(*) filter (paid.is_paid) as paid_count
from fct_filings as filings
left join paid on filings.filing_id = paid.filing_id
where filings.is_received
group by all;

create table mart_form_06a as
with events as (
    select received_month as month, agency_code, field_code, count(*) as received, count(*) filter (is_online) as online,
        0 as early, 0 as on_time, 0 as late
    from fct_filings
    where is_received
    group by all
    union all
    select
        date_trunc('month', coalesce(finished_at, returned_at))::date, agency_code, field_code, 0, 0,
        count(*) filter (coalesce(finished_at, returned_at)::date < due_at::date),
        count(*) filter (coalesce(coalesce(finished_at, returned_at)::date = due_at::date, true)),
        count(*) filter (coalesce(finished_at, returned_at)::date > due_at::date)
    from fct_filings
    where is_received and coalesce(finished_at, returned_at) is not null
    group by all
)

select
    month, agency_code, field_code, sum(received) as received, sum(online) as online, sum(early) as early,
    sum(on_time) as on_time, sum(late) as late,
    sum(sum(received) - sum(early) - sum(on_time) - sum(late))
        over (partition by agency_code, field_code order by month) as pending
from events
group by month, agency_code, field_code;

create table mart_service_levels as
select months.month, procedures.level_code, procedures.is_connected, count(*) as procedure_count
from (select distinct month from mart_online_rates) as months
inner join procedures on procedures.valid_from <= last_day(months.month) and procedures.valid_to >= months.month
group by all;
