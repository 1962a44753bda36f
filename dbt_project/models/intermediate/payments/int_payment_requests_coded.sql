-- One row per landed row of an active payment_requests extract, with its coded values as the national lists have them.
with extracts as (select * from {{ ref('stg_landing__extracts') }}),

requests as (select * from {{ ref('stg_one_stop__payment_requests') }}),

local_values as (
    select * from {{ ref('int_source_values') }}
    where entity = 'payment_requests'
),

payment_statuses as (select * from {{ ref('ref_payment_statuses') }}),

payment_methods as (select * from {{ ref('ref_payment_methods') }}),

collection_kinds as (select * from {{ ref('ref_collection_kinds') }}),

labelled as (
    select
        requests.*,
        {{ national_label('local_statuses', 'requests.status_written') }} as status_label,
        {{ national_label('local_methods', 'requests.method_written') }} as method_label,
        {{ national_label('local_collections', 'requests.collection_written') }} as collection_label
    from requests
    inner join extracts on requests.extract_id = extracts.extract_id
    {{ join_local_value('local_statuses', 'TrangThai', 'requests.status_written') }}
    {{ join_local_value('local_methods', 'HinhThucThanhToan', 'requests.method_written') }}
    {{ join_local_value('local_collections', 'HinhThucThu', 'requests.collection_written') }}
)

{{ select_coded([
    ('status_label', 'payment_statuses', 'status_id', none, 'TrangThai'),
    ('method_label', 'payment_methods', 'method_id', none, 'HinhThucThanhToan'),
    ('collection_label', 'collection_kinds', 'collection_id', none, 'HinhThucThu'),
]) }}
