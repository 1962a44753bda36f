-- Typed rows, what becomes of each, and facts. A row's place is its file's place in the order of arrival and its own in
-- the file: of several sound rows with one key the one with the highest place is the fact.
create macro blank_free(cell) as nullif(trim(regexp_replace(nfc_normalize(cell), '[\s\p{Z}\p{Cf}]+', ' ', 'g')), '');
create macro moment(cell) as coalesce(
    try_strptime(cell, '%Y%m%d%H%M%S'),
    try_strptime(cell, '%Y-%m-%dT%H:%M:%S.%g'),
    try_strptime(cell, '%d/%m/%Y %H:%M:%S'),
    try_strptime(cell, '%d/%m/%Y %H:%M'),
    try_strptime(cell, '%Y-%m-%d %H:%M:%S'),
    try_strptime(cell, '%d/%m/%Y')
);
create macro is_unread(cell, value) as cell is not null and value is null;
create macro amount(cell) as try_cast(case when regexp_full_match(cell, '-?\d{1,18}') then cell end as bigint);

create table agencies as
select agency_code, group_code, valid_from, coalesce(valid_to, date '9999-12-31') as valid_to
from read_csv('{province}/agencies.csv', header = true, types = {'agency_code': 'varchar', 'valid_from': 'date', 'valid_to': 'date'});

create table first_days as select agency_code, min(valid_from) as first_day from agencies group by agency_code;

create table procedures as
with typed as (
    select
        upper(blank_free("MaTTHC")) as procedure_code,
        blank_free("MucDo") as level_code,
        "CoThuPhi" = '1' as has_fee,
        "DaTichHopDVCQG" = '1' as is_connected,
        cast(moment("HieuLucTu") as date) as valid_from,
        cast(moment("HieuLucDen") as date) as valid_to,
        (arrivals.arrival << 32) | row_number as place
    from read_parquet('{landed}/procedures/*.parquet', filename = true) as landed
    inner join arrivals on landed.filename = arrivals.path
),

newest as (
    select procedure_code, valid_from, max(place) as place from typed
    where procedure_code is not null and valid_from is not null
    group by procedure_code, valid_from
)

select
    typed.procedure_code,
    typed.level_code,
    typed.has_fee,
    typed.is_connected,
    typed.valid_from,
    least(
        coalesce(typed.valid_to, date '9999-12-31'),
        coalesce(
            lead(typed.valid_from) over (partition by typed.procedure_code order by typed.valid_from) - 1, date '9999-12-31'
        )
    ) as valid_to
from typed inner join newest on typed.place = newest.place and typed.procedure_code = newest.procedure_code;

create table disposed_filings as
with typed as (
    select
        (arrivals.arrival << 32) | row_number as place,
        arrivals.file_month,
        blank_free("MaHoSo") as filing_id,
        upper(blank_free("MaTTHC")) as procedure_code,
        upper(blank_free("MaLinhVuc")) as field_code,
        blank_free("MaDonVi") as agency_code,
        blank_free("TenTTHC") as procedure_name,
        blank_free("TenLinhVuc") as field_name,
        blank_free("DonViXuLy") as handling_unit,
        lower(blank_free("KenhThucHien")) as channel_label,
        lower(blank_free("MucDo")) as level_label,
        lower(blank_free("TrangThaiHoSo")) as status_label,
        lower(blank_free("LoaiDoiTuong")) as applicant_label,
        "NgayNopHoSo" as submitted_cell,
        "NgayTiepNhan" as received_cell,
        "NgayHenTra" as due_cell,
        "NgayKetThucXuLy" as finished_cell,
        "NgayTra" as returned_cell,
        moment(submitted_cell) as submitted_at,
        moment(received_cell) as received_at,
        moment(due_cell) as due_at,
        moment(finished_cell) as finished_at,
        moment(returned_cell) as returned_at
    from read_parquet('{landed}/filings/*.parquet', filename = true) as landed
    inner join arrivals on landed.filename = arrivals.path
),

coded as (
    select
        typed.*,
        channels.channel_code,
        levels.level_code,
        labels.status_code,
        applicants.applicant_kind,
        statuses.is_received as is_received_status,
        first_days.first_day
    from typed
    left join read_csv('{seeds}/ref_channel_labels.csv', header = true, all_varchar = true) as channels
        on typed.channel_label = channels.source_label
    left join read_csv('{seeds}/ref_service_level_labels.csv', header = true, all_varchar = true) as levels
        on typed.level_label = levels.source_label
    left join read_csv('{seeds}/ref_filing_status_labels.csv', header = true, all_varchar = true) as labels
        on typed.status_label = labels.source_label
    left join read_csv('{seeds}/ref_applicant_kind_labels.csv', header = true, all_varchar = true) as applicants
        on typed.applicant_label = applicants.source_label
    left join read_csv('{seeds}/ref_filing_statuses.csv', header = true, types = {'status_code': 'varchar'}) as statuses
        on labels.status_code = statuses.status_code
    left join first_days on typed.agency_code = first_days.agency_code
),

checked as (
    select
        * exclude (submitted_cell, received_cell, due_cell, finished_cell, returned_cell, first_day),
        case
            when
                is_unread(submitted_cell, submitted_at) or is_unread(received_cell, received_at)
                or is_unread(due_cell, due_at) or is_unread(finished_cell, finished_at)
                or is_unread(returned_cell, returned_at)
                then 'unparseable'
            when filing_id is null then 'missing_key'
            when not regexp_full_match(filing_id, '[\w./-]{1,50}') then 'malformed_key'
            when status_code is null then 'unknown_status'
            when channel_label is not null and channel_code is null then 'unknown_channel'
            when level_label is not null and level_code is null then 'unknown_level'
            when is_received_status and status_code <> '5' and received_at is null then 'missing_received_date'
            when greatest(submitted_at, received_at, finished_at, returned_at) > now()::timestamp then 'in_the_future'
            when coalesce(received_at, submitted_at) < first_day then 'before_agency'
            when finished_at < received_at then 'finished_before_received'
            when returned_at < received_at then 'returned_before_received'
            when is_received_status and returned_at < finished_at - interval 24 hours then 'returned_before_finished'
            when is_received_status and received_at < submitted_at - interval 24 hours then 'received_before_submitted'
            when is_received_status and due_at::date < received_at::date then 'due_before_received'
            when is_received_status and due_at::date > received_at::date + 366 then 'due_too_late'
            when date_trunc('month', coalesce(received_at, submitted_at)) <> file_month then 'received_outside_month'
        end as quarantine_reason
    from coded
)

select * from checked;

create table filing_winners as
select max(place) as place from disposed_filings
where quarantine_reason is null
group by filing_id;

create table fct_filings as
select
    filings.* exclude (quarantine_reason, agency_code, channel_code, is_received_status, channel_label, level_label, status_label,
        applicant_label, file_month, level_code),
    coalesce(agencies.agency_code, 'unknown') as agency_code,
    coalesce(agencies.group_code, 'unknown') as group_code,
    coalesce(filings.channel_code, '1') as channel_code,
    filings.channel_code is null as is_channel_assumed,
    coalesce(filings.channel_code, '1') = '2' as is_online,
    filings.level_code,
    procedures.level_code as catalogue_level_code,
    procedures.has_fee,
    filings.is_received_status and filings.received_at is not null as is_received,
    cast(case when filings.is_received_status then date_trunc('month', filings.received_at) end as date) as received_month
from disposed_filings as filings
semi join filing_winners on filings.place = filing_winners.place
left join agencies
    on
        filings.agency_code = agencies.agency_code
        and cast(coalesce(filings.received_at, filings.submitted_at) as date) between agencies.valid_from and agencies.valid_to
left join procedures
    on
        filings.procedure_code = procedures.procedure_code
        and cast(coalesce(filings.received_at, filings.submitted_at) as date) between procedures.valid_from and procedures.valid_to;

create table disposed_payment_requests as
with typed as (
    select
        (arrivals.arrival << 32) | row_number as place,
        arrivals.file_month,
        blank_free("MaYeuCau") as payment_request_id,
        blank_free("MaHoSo") as filing_id,
        blank_free("MaDonVi") as agency_code,
        blank_free("MaGiaoDich") as transaction_id,
        upper(blank_free("MaNganHang")) as bank_code,
        amount("SoTien") as amount_vnd,
        coalesce(amount("Phi"), 0) as phi_vnd,
        coalesce(amount("LePhi"), 0) as le_phi_vnd,
        replace(lower(blank_free("TrangThai")), 'ủy', 'uỷ') as status_label,
        lower(blank_free("HinhThucThanhToan")) as method_label,
        lower(blank_free("HinhThucThu")) as collection_label,
        "NgayYeuCau" as requested_cell,
        "NgayThuPhi" as paid_cell,
        "NgayHoanPhi" as refunded_cell,
        moment(requested_cell) as requested_at,
        moment(paid_cell) as paid_at,
        moment(refunded_cell) as refunded_at
    from read_parquet('{landed}/payment_requests/*.parquet', filename = true) as landed
    inner join arrivals on landed.filename = arrivals.path
),

coded as (
    select typed.*, statuses.status_id, statuses.is_paid, statuses.is_refunded, methods.method_id, collections.collection_id
    from typed
    left join read_csv('{seeds}/ref_payment_statuses.csv', header = true) as statuses
        on typed.status_label = statuses.source_label
    left join read_csv('{seeds}/ref_payment_methods.csv', header = true) as methods
        on typed.method_label = methods.source_label
    left join read_csv('{seeds}/ref_collection_kinds.csv', header = true) as collections
        on typed.collection_label = collections.source_label
)

select
    * exclude (requested_cell, paid_cell, refunded_cell),
    case
        when
            is_unread(requested_cell, requested_at) or is_unread(paid_cell, paid_at)
            or is_unread(refunded_cell, refunded_at)
            then 'unparseable'
        when payment_request_id is null then 'missing_key'
        when not regexp_full_match(payment_request_id, '[\w./-]{1,80}') then 'malformed_key'
        when amount_vnd is null then 'missing_amount'
        when amount_vnd < 0 then 'negative_amount'
        when amount_vnd <> phi_vnd + le_phi_vnd then 'amount_is_not_phi_plus_le_phi'
        when status_id is null then 'unknown_status'
        when method_label is not null and method_id is null then 'unknown_method'
        when collection_label is not null and collection_id is null then 'unknown_collection_kind'
        when is_paid and paid_at is null then 'paid_without_date'
        when is_refunded and refunded_at is null then 'refunded_without_date'
        when refunded_at < paid_at then 'refunded_before_paid'
        when paid_at < requested_at - interval 24 hours then 'paid_before_requested'
        when requested_at >= file_month + interval 1 month then 'requested_after_month'
    end as quarantine_reason
from coded;

create table request_winners as
select max(place) as place from disposed_payment_requests
where quarantine_reason is null
group by payment_request_id;

create table fct_payments as
select
    requests.* exclude (quarantine_reason, agency_code, status_label, method_label, collection_label, file_month),
    coalesce(agencies.agency_code, 'unknown') as agency_code,
    coalesce(agencies.group_code, 'unknown') as group_code,
    requests.is_paid and coalesce(requests.method_id = 'online', false)
    and coalesce(requests.collection_id <> 'exempt', true) as is_online_payment,
    cast(case when requests.is_paid then date_trunc('month', requests.paid_at) end as date) as paid_month,
    cast(case when requests.is_refunded then date_trunc('month', requests.refunded_at) end as date) as refunded_month
from disposed_payment_requests as requests
semi join request_winners on requests.place = request_winners.place
left join agencies
    on
        requests.agency_code = agencies.agency_code
        and cast(coalesce(requests.paid_at, requests.requested_at) as date) between agencies.valid_from and agencies.valid_to;

create table disposed_payment_attempts as
with typed as (
    select
        (arrivals.arrival << 32) | row_number as place,
        arrivals.file_month,
        blank_free("MaThamChieu") as payment_attempt_id,
        blank_free("MaYeuCau") as payment_request_id,
        blank_free("MaHoSo") as filing_id,
        blank_free("MaGiaoDich") as transaction_id,
        upper(blank_free("MaNganHang")) as bank_code,
        blank_free("MaLoi") as error_code,
        amount("SoTien") as amount_vnd,
        lower(blank_free("TrangThai")) as status_label,
        "ThoiGianGD" as attempted_cell,
        moment(attempted_cell) as attempted_at
    from read_parquet('{landed}/payment_attempts/*.parquet', filename = true) as landed
    inner join arrivals on landed.filename = arrivals.path
),

coded as (
    select typed.*, statuses.status_id, requests.requested_at
    from typed
    left join read_csv('{seeds}/ref_attempt_statuses.csv', header = true) as statuses
        on typed.status_label = statuses.source_label
    left join fct_payments as requests on typed.payment_request_id = requests.payment_request_id
)

select
    * exclude (attempted_cell, requested_at),
    case
        when is_unread(attempted_cell, attempted_at) then 'unparseable'
        when payment_attempt_id is null then 'missing_key'
        when not regexp_full_match(payment_attempt_id, '[\w./-]{1,80}') then 'malformed_key'
        when amount_vnd is null then 'missing_amount'
        when amount_vnd < 0 then 'negative_amount'
        when status_id is null then 'unknown_status'
        when attempted_at is null then 'missing_date'
        when attempted_at > now()::timestamp then 'attempted_in_the_future'
        when attempted_at::date < requested_at::date - 1 then 'attempted_before_requested'
        when attempted_at >= file_month + interval 1 month then 'attempted_after_month'
    end as quarantine_reason
from coded;

create table attempt_winners as
select max(place) as place from disposed_payment_attempts
where quarantine_reason is null
group by payment_attempt_id;

create table fct_payment_attempts as
select
    attempts.* exclude (quarantine_reason, status_label, file_month),
    coalesce(payments.agency_code, 'unknown') as agency_code,
    cast(date_trunc('month', attempts.attempted_at) as date) as attempted_month
from disposed_payment_attempts as attempts
semi join attempt_winners on attempts.place = attempt_winners.place
left join fct_payments as payments on attempts.payment_request_id = payments.payment_request_id;

create table fct_quarantined_rows as
select 'filings' as entity, place, filing_id as record_key, quarantine_reason from disposed_filings
where quarantine_reason is not null
union all
select 'payment_requests', place, payment_request_id, quarantine_reason from disposed_payment_requests
where quarantine_reason is not null
union all
select 'payment_attempts', place, payment_attempt_id, quarantine_reason from disposed_payment_attempts
where quarantine_reason is not null;
