{#-
    Labels come from the seed label_thresholds; a model that uses these macros imports it as the CTE
    label_thresholds. The sub-selects do not depend on the row, so Postgres runs each one once.
-#}

{#-
    The label with the greatest lower bound that the measure reaches; the label without a bound when
    the measure is NULL or below every bound.
-#}
{% macro label_for(label_column, measure) -%}
    coalesce(
        (
            array(
                select label from label_thresholds
                where label_column = '{{ label_column }}' and lower_bound is not null
                order by lower_bound
            )
        )[
            width_bucket(
                {{ measure }},
                array(
                    select lower_bound from label_thresholds
                    where label_column = '{{ label_column }}' and lower_bound is not null
                    order by lower_bound
                )
            )
        ],
        {{ fallback_label(label_column) }}
    )
{%- endmacro %}

{#- One bound of a label that depends on several measures. -#}
{% macro bound(label_column, label, measure) -%}
    (
        select lower_bound from label_thresholds
        where
            label_column = '{{ label_column }}'
            and label = '{{ label }}'
            and measure = '{{ measure }}'
    )
{%- endmacro %}

{#-
    The first label whose measures all reach their bounds; the label without a bound when none does.
    labels: pairs of a label and its list of measures, in the order of the seed's priorities.
-#}
{% macro first_label(label_column, labels) -%}
    case
    {%- for label, measures in labels %}
        when
        {%- for measure in measures %}
            {{ 'and ' if not loop.first }}{{ measure }} >= {{ bound(label_column, label, measure) }}
        {%- endfor %}
            then '{{ label }}'
    {%- endfor %}
        else {{ fallback_label(label_column) }}
    end
{%- endmacro %}

{#- The label for all that is left. -#}
{% macro fallback_label(label_column) -%}
    (
        select label from label_thresholds
        where label_column = '{{ label_column }}' and lower_bound is null
    )
{%- endmacro %}

{#- The decade of a year: 1994 -> 1990. -#}
{% macro decade(year) -%} {{ year }} / 10 * 10 {%- endmacro %}
