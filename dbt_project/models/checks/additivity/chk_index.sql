-- One row per check, month, scope and entity: points and counts of the index.
-- What did not come is NULL and has no parts: its feeds are named in mart_feeds and mart_caveats.
with index_scores as (select * from {{ ref('mart_index_scores') }}),

index_components as (select * from {{ ref('mart_index_components') }}),

-- Points in millionths, which months closed by the first version of the formula have. assert_index_adds_up asks the
-- same of each group and component.
index_points as (
    select
        'index_points_are_sum_of_components' as check_id,
        month,
        scope,
        entity_code,
        entity_name_vi,
        'Bộ chỉ số: tổng điểm = tổng điểm thành phần (phần triệu điểm)' as total_name_vi,
        cast(sum(total) as bigint) as total,
        cast(sum(part) as bigint) as sum_of_classes,
        cast(0 as bigint) as residue,
        cast(null as {{ dbt.type_string() }}) as residue_name_vi
    from (
        select
            month,
            scope,
            entity_code,
            entity_name_vi,
            round(1000000 * total_score) as total,
            null as part
        from index_scores
        where span = 'month'
        union all
        select
            month,
            scope,
            entity_code,
            entity_name_vi,
            null as total,
            round(1000000 * points) as part
        from index_components
        where span = 'month'
    ) as halves
    group by month, scope, entity_code, entity_name_vi
    having count(total) > 0 or count(part) > 0
),

-- Procedures are not among them: a distinct count is no sum. Nor is a year, in which agencies may have ended.
{% for count, name_vi in [('numerator', 'tử số'), ('denominator', 'mẫu số')] -%}
index_{{ count }}s as (
    select
        'index_{{ count }}s_are_sum_of_agencies' as check_id,
        month,
        'province' as scope,
        max(case when scope = 'province' then entity_code end) as entity_code,
        max(case when scope = 'province' then entity_name_vi end) as entity_name_vi,
        'Bộ chỉ số: {{ name_vi }} cộng được của toàn tỉnh = tổng các cơ quan' as total_name_vi,
        cast(sum(case when scope = 'province' then {{ count }} end) as bigint) as total,
        cast(sum(case when scope = 'agency' and entity_code <> 'unknown' then {{ count }} end) as bigint)
            as sum_of_classes,
        cast(coalesce(sum(case when scope = 'agency' and entity_code = 'unknown' then {{ count }} end), 0) as bigint)
            as residue,
        'Chưa xác định cơ quan' as residue_name_vi
    from index_components
    where span = 'month' and is_additive
    group by month
    having sum(case when scope = 'province' then {{ count }} end) is not null
),

{% endfor -%}

computed as (
    {{ union_checks([
        'index_points', 'index_numerators', 'index_denominators',
    ]) }}
)

select * from computed
