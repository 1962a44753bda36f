-- One row per landed row of an active payment_attempts extract, with its coded values as the national lists have them.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

attempts as (select * from {{ ref('stg_one_stop__payment_attempts') }}),

local_values as (
    select * from {{ ref('int_source_values') }}
    where entity = 'payment_attempts'
),

attempt_statuses as (select * from {{ ref('ref_attempt_statuses') }}),

labelled as (
    select
        attempts.*,
        {{ national_label('local_statuses', 'attempts.status_written') }} as status_label
    from attempts
    inner join extracts on attempts.extract_id = extracts.extract_id
    {{ join_local_value('local_statuses', 'TrangThai', 'attempts.status_written') }}
)

{{ select_coded([
    ('status_label', 'attempt_statuses', 'status_id', none, 'TrangThai'),
]) }}
