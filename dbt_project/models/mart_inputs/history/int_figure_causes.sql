-- One row per baseline, month and record whose counted contribution moved: whether rules set it aside, then or since.
{% set record = ['baseline', 'subject', 'source_id', 'record_id', 'month'] -%}
with earlier_quarantined_rows as (select * from {{ ref('stg_history__quarantined_rows') }}),

earlier_closed_quarantined_rows as (select * from {{ ref('stg_history__closed_quarantined_rows') }}),

closed_quarantined_rows as (select * from {{ ref('stg_closed__quarantined_rows') }}),

quarantined_rows as (select * from {{ ref('fct_quarantined_rows') }}),

states as (select * from {{ ref('int_figure_states') }}),

-- What was set aside then, book by book.
books_of_quarantine as (
    {% for baseline, table, book in [
        ('publication', 'earlier_quarantined_rows', 'cast(null as date)'),
        ('publication', 'earlier_closed_quarantined_rows', 'closed_month'),
        ('close', 'closed_quarantined_rows', 'closed_month'),
    ] -%}
    select
        '{{ baseline }}' as baseline,
        {{ book }} as book,
        case entity when 'filings' then 'filings' else 'payments' end as subject,
        source_id,
        record_key,
        {{ file_of_extract('extract_id') }} as file_of_extract,
        row_number
    from {{ table }}
    where entity in ('filings', 'payment_requests')
    {% if not loop.last %}union all
    {% endif %}
    {%- endfor %}
),

newcomers as (
    select
        *,
        {{ file_of_extract('later_extract_id') }} as file_of_extract,
        later_row_number as row_number
    from states
    where not was_fact
),

-- By its own key or, where it had none that is well-formed, by its place in the file.
released as (
    select
        {{ columns_of('newcomers', record) }}
    from newcomers
    inner join books_of_quarantine
        on
            newcomers.baseline = books_of_quarantine.baseline
            and newcomers.earlier_book is not distinct from books_of_quarantine.book
            and newcomers.subject = books_of_quarantine.subject
            and newcomers.source_id = books_of_quarantine.source_id
            and newcomers.record_id = books_of_quarantine.record_key
    union distinct
    select
        {{ columns_of('newcomers', record) }}
    from newcomers
    inner join books_of_quarantine
        on
            newcomers.baseline = books_of_quarantine.baseline
            and newcomers.earlier_book is not distinct from books_of_quarantine.book
            and {{ share('newcomers', 'books_of_quarantine', ['subject', 'source_id', 'file_of_extract']) }}
            and newcomers.row_number = books_of_quarantine.row_number
    where books_of_quarantine.record_key is null
),

-- Records that are no facts any more because a later file holds them in rows that are set aside: by their own key or,
-- where those rows have none that is well-formed, by their place in the file. The source mended nothing.
leavers as (
    select
        *,
        {{ file_of_extract('earlier_extract_id') }} as file_of_extract,
        earlier_row_number as row_number
    from states
    where not is_fact
),

aside_now as (
    select
        case entity when 'filings' then 'filings' else 'payments' end as subject,
        source_id,
        record_key,
        {{ file_of_extract('extract_id') }} as file_of_extract,
        row_number
    from quarantined_rows
    where entity in ('filings', 'payment_requests')
),

set_aside as (
    select
        {{ columns_of('leavers', record) }}
    from leavers
    inner join aside_now
        on
            leavers.subject = aside_now.subject
            and leavers.source_id = aside_now.source_id
            and leavers.record_id = aside_now.record_key
    union distinct
    select
        {{ columns_of('leavers', record) }}
    from leavers
    inner join aside_now
        on
            {{ share('leavers', 'aside_now', ['subject', 'source_id', 'file_of_extract']) }}
            and leavers.row_number = aside_now.row_number
    where aside_now.record_key is null
),

-- The very row that counted then has been set aside since: the source did not change it, a rule did.
row_set_aside as (
    select distinct
        {{ columns_of('leavers', record) }}
    from leavers
    inner join quarantined_rows
        on
            leavers.earlier_extract_id = quarantined_rows.extract_id
            and leavers.earlier_row_number = quarantined_rows.row_number
)

select
    {{ columns_of('states', record) }},
    released.record_id is not null as is_released,
    set_aside.record_id is not null as is_set_aside,
    row_set_aside.record_id is not null as is_row_set_aside
from states
left join released on {{ share('states', 'released', record) }}
left join set_aside on {{ share('states', 'set_aside', record) }}
left join row_set_aside on {{ share('states', 'row_set_aside', record) }}
