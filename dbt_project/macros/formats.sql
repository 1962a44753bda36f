{# Points of an index: all of them from the threshold on, in proportion below it, rounded half up. Whole numbers alone, since a
   double of 2.675 lies below it. Without a threshold it is 100 per cent. `//` divides whole numbers. #}
{% macro rounded_points(max_points, numerator, denominator, threshold_percent, decimals) -%}
    {% set unit = "cast(power(10, " ~ decimals ~ ") as hugeint)" -%}
    {% set most = "cast(round(" ~ max_points ~ " * power(10, " ~ decimals ~ ")) as hugeint)" -%}
    {% set below = "(cast(round(100 * coalesce(" ~ threshold_percent ~ ", 100.0)) as hugeint) * " ~ denominator ~ ")" -%}
    cast(
        least({{ most }}, (20000 * {{ most }} * cast({{ numerator }} as hugeint) + {{ below }}) // (2 * {{ below }}))
        as double
    ) / {{ unit }}
{%- endmacro %}

{# A name inside a phrase: "Khối sở ban ngành" gives "khối sở ban ngành". #}
{% macro lower_first(text) -%}
    lower(substring({{ text }}, 1, 1)) || substring({{ text }}, 2)
{%- endmacro %}
