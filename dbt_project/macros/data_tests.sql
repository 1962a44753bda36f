{# Runs the generic data tests of a layer as one query, at the end of a run: as nodes, each would cost more than a hundred times
   what DuckDB takes for its question (docs/decisions/0040-cheaper-nodes.md). What every data test found, and its SQL, is kept
   in the table data_test_results; one that found a row fails the run. A test runs with the last layer of its parents, if all its
   parents in that layer were built by this run. #}
{% macro run_generic_tests() %}
    {%- set done = results | map(attribute="status") | list -%}
    {%- if not execute or done | reject("in", ["success", "pass"]) | list -%}{{ return("") }}{%- endif -%}
    {%- set rules = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == "test" and node.test_metadata and belongs_to_this_run(node) -%}
        {%- do rules.append(generic_test_as_row(node)) -%}
    {%- endfor -%}
    {# Singular tests are nodes, and have passed if this is reached. #}
    {%- for result in results if result.node.resource_type == "test" -%}
        {%- do rules.append(data_test_row(result.node, result.failures | string, result.node.compiled_code)) -%}
    {%- endfor -%}
    {%- if not rules -%}{{ return("") }}{%- endif -%}
    {%- do run_query(
        "create table if not exists main.data_test_results "
        ~ "(data_test varchar primary key, found bigint not null, sql varchar not null)"
    ) -%}
    {# What an earlier run of this candidate found is asked again, or belongs to a layer that this run does not build. #}
    {%- do run_query("delete from main.data_test_results where found > 0") -%}
    {%- do run_query("insert or replace into main.data_test_results " ~ rules | sort | join(" union all ")) -%}
    {%- set broken = run_query(
        "select data_test, found from main.data_test_results where found > 0 order by data_test"
    ) -%}
    {%- if broken.rows -%}
        {%- set words = [] -%}
        {%- for row in broken.rows -%}{%- do words.append(row[0] ~ ": " ~ row[1] ~ " failing rows") -%}{%- endfor -%}
        {{ exceptions.raise_compiler_error(words | join("; ")) }}
    {%- endif -%}
{% endmacro %}


{# Whether a test's last parents were all built by this run. #}
{% macro belongs_to_this_run(test) %}
    {%- set layers = ["layer_facts", "layer_audit", "layer_marts"] -%}
    {%- set last = namespace(layer=-1, parents=[]) -%}
    {%- for key in test.depends_on.nodes if key in graph.nodes -%}
        {%- for tag in graph.nodes[key].tags if tag in layers -%}
            {%- set layer = layers.index(tag) -%}
            {%- if layer > last.layer -%}
                {%- set last.layer = layer -%}
                {%- set last.parents = [key] -%}
            {%- elif layer == last.layer -%}
                {%- do last.parents.append(key) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(last.parents and not last.parents | reject("in", selected_resources) | list) }}
{% endmacro %}


{# One generic test as a row: its id, how many rows it finds, and its SQL. #}
{% macro generic_test_as_row(test) %}
    {%- if test.config.where or test.config.severity | upper != "ERROR" or test.config.fail_calc != "count(*)" -%}
        {{ exceptions.raise_compiler_error(test.name ~ ": found where, severity or fail_calc of its own, wanted none") }}
    {%- endif -%}
    {%- set parents = {} -%}
    {%- for key in test.depends_on.nodes -%}
        {%- set parent = graph.nodes[key] if key in graph.nodes else graph.sources[key] -%}
        {%- do parents.update({parent.name: parent.relation_name}) -%}
    {%- endfor -%}
    {%- set arguments = {} -%}
    {%- for name, value in test.test_metadata.kwargs.items() -%}
        {# ref('x') and source('s', 'x') name a parent; everything else is what it says. #}
        {%- set named = value is string and name in ["model", "to"] -%}
        {%- do arguments.update({name: parents[modules.re.findall("'([^']*)'", value)[-1]] if named else value}) -%}
    {%- endfor -%}
    {%- set package = context[test.test_metadata.namespace or "dvctt"] -%}
    {%- set macro_name = "test_" ~ test.test_metadata.name -%}
    {%- set run = package[macro_name] if macro_name in package else context["dbt"][macro_name] -%}
    {%- set sql = run(**arguments) | trim -%}
    {{ return(data_test_row(test, "(select count(*) from (" ~ sql ~ ") as broken)", sql)) }}
{% endmacro %}


{% macro data_test_row(test, found, sql) %}
    {{ return("select '" ~ test.unique_id ~ "', " ~ found ~ ", '" ~ sql | replace("'", "''") ~ "'") }}
{% endmacro %}
