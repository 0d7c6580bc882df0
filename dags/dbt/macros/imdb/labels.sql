{#-
    Labels come from the seed label_thresholds; a model that uses label_for imports its rows as the
    CTE label_thresholds. The seed decides which labels there are, in which order they are tried and
    what each one asks for. Only two things are fixed here, and tests on the seed watch over both:
    the measures that a column of labels may ask for, and how many labels it may have.

    The sub-selects do not depend on the row, so Postgres runs each one once at most.
-#}

{#- The columns of the mart that the labels of a column may compare; of no column, all columns. -#}
{% macro label_measures(label_column=none) -%}
    {%- set measures = {
        'performance_tier': 'weighted_score',
        'investment_category': 'weighted_score average_rating num_votes',
        'versatility_level': 'distinct_roles',
        'productivity_tier': 'distinct_titles',
        'career_stage': 'years_since_last_credit career_span_years',
        'quality_reputation': 'avg_project_rating total_votes rated_titles',
        'production_trend': 'production_growth_pct',
        'quality_trend': 'rating_change',
        'investment_priority': 'market_share avg_rating production_growth_pct',
        'content_strategy': 'rating_lead production_growth_pct',
        'consistency_rating': 'episode_rating_stddev',
        'engagement_level': 'total_votes',
        'longevity_class': 'total_seasons',
        'series_performance_tier': 'avg_series_rating series_votes total_seasons',
    } -%}
    {{- measures[label_column] if label_column else measures | join(' ') -}}
{%- endmacro %}

{#- The most labels that a column may have, the one without a bound aside. -#}
{% macro most_bounded_labels() -%} 6 {%- endmacro %}

{#-
    The first label by priority whose measures all reach their bounds; the label without a bound
    when none does. A bound that a label does not have is -infinity, and so is a NULL measure: it
    reaches no other. Behind the last label nothing is asked for, and the label is NULL.
-#}
{% macro label_for(label_column) -%}
    coalesce(
        case
        {%- for priority in range(1, most_bounded_labels() | int + 1) %}
            when
            {%- for measure in label_measures(label_column).split() %}
                {{ 'and ' if not loop.first -}}
                coalesce({{ measure }}::numeric, '-infinity')
                >= {{ lower_bound(label_column, priority, measure) }}
            {%- endfor %}
                then (
                    select min(label) from label_thresholds
                    where label_column = '{{ label_column }}' and priority = {{ priority }}
                )
        {%- endfor %}
        end,
        (
            select label from label_thresholds
            where label_column = '{{ label_column }}' and lower_bound is null
        )
    )
{%- endmacro %}

{#- What the label of a priority asks of a measure. -#}
{% macro lower_bound(label_column, priority, measure) -%}
    coalesce((
                    select lower_bound from label_thresholds
                    where
                        label_column = '{{ label_column }}'
                        and priority = {{ priority }}
                        and measure = '{{ measure }}'
                ), '-infinity')
{%- endmacro %}

{#- The decade of a year: 1994 -> 1990. -#}
{% macro decade(year) -%} {{ year }} / 10 * 10 {%- endmacro %}
