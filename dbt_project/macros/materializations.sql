{# How a table and a view come to be in the candidate, which nobody reads while it is built: in place, in one transaction.
   dbt's own way builds beside the old one, renames both and drops the old, for readers that a candidate does not have; that
   is a dozen statements a model (docs/decisions/0040-cheaper-nodes.md). Contracts hold as in dbt's own. #}
{% materialization table, adapter="duckdb" %}
    {%- set target = this.incorporate(type="table") -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement("main") %}
        {{ drop_what_stands(load_cached_relation(this)) }}
        {{ create_table_as(False, target, compiled_code) }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}


{% materialization view, adapter="duckdb" %}
    {%- set target = this.incorporate(type="view") -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement("main") %}
        {{ drop_what_stands(load_cached_relation(this)) }}
        {{ create_view_as(target, compiled_code) }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}


{# The statement that removes what an earlier build of this candidate left under a model's name. #}
{% macro drop_what_stands(relation) %}
    {% if relation is not none %}drop {{ relation.type }} if exists {{ relation }};{% endif %}
{% endmacro %}
