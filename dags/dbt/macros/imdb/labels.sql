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
        'performance_tier': 'is_adult has_enough_votes score_percentile',
        'investment_category': 'is_adult has_enough_votes score_percentile votes_percentile',
        'versatility_level': 'distinct_roles',
        'productivity_tier': 'distinct_titles',
        'career_stage': 'is_deceased years_since_last_credit career_span_years upcoming_credits',
        'quality_reputation':
            'avg_project_rating total_votes rated_titles is_deceased years_since_last_credit '
            ~ 'career_span_years',
        'rating_level': 'rating_lead',
        'production_trend': 'production_growth_pct recent_titles',
        'quality_trend': 'rating_change',
        'consistency_rating': 'has_enough_ratings episode_rating_stddev',
        'engagement_level': 'total_votes',
        'longevity_class': 'total_seasons',
        'series_performance_tier': 'has_enough_votes avg_series_rating series_votes total_seasons',
    } -%}
    {{- measures[label_column] if label_column else measures | join(' ') -}}
{%- endmacro %}

{#- The most labels that a column may have, the one without a bound aside. -#}
{% macro most_bounded_labels() -%} 6 {%- endmacro %}

{#-
    The first label by priority whose measures are all within their bounds: at least the lower bound
    and below the upper bound. The label without bounds is given when no other fits. A bound that a
    label does not have is -infinity or NaN, which Postgres orders above infinity; a NULL measure
    is -infinity for a lower bound and infinity for an upper one, so it is within no bound that is
    given. A flag counts as 1 or 0.
-#}
{% macro label_for(label_column) -%}
    coalesce(
        case
        {%- for priority in range(1, most_bounded_labels() | int + 1) %}
            when
            {%- for measure in label_measures(label_column).split() %}
                {%- set value = measure ~ ('::integer' if measure[:3] in ('is_', 'has') else '') ~ '::numeric' %}
                {{ 'and ' if not loop.first -}}
                coalesce({{ value }}, '-infinity')
                >= {{ label_bound('lower_bound', label_column, priority, measure) }}
                and coalesce({{ value }}, 'infinity')
                < {{ label_bound('upper_bound', label_column, priority, measure) }}
            {%- endfor %}
                then (
                    select min(label) from label_thresholds
                    where label_column = '{{ label_column }}' and priority = {{ priority }}
                )
        {%- endfor %}
        end,
        (
            select label from label_thresholds
            where
                label_column = '{{ label_column }}'
                and lower_bound is null
                and upper_bound is null
        )
    )
{%- endmacro %}

{#- The lower_bound or upper_bound that the label of a priority sets for a measure. -#}
{% macro label_bound(bound, label_column, priority, measure) -%}
    coalesce((
                    select {{ bound }} from label_thresholds
                    where
                        label_column = '{{ label_column }}'
                        and priority = {{ priority }}
                        and measure = '{{ measure }}'
                ), '{{ '-infinity' if bound == 'lower_bound' else 'NaN' }}')
{%- endmacro %}

{#-
    The value of a single threshold of the seed thresholds; Postgres asks for it once per query.
-#}
{% macro threshold(name) -%}
    (select value::integer from {{ ref('thresholds') }} where name = '{{ name }}')
{%- endmacro %}

{#- The decade of a year: 1994 -> 1990. -#}
{% macro decade(year) -%} {{ year }} / 10 * 10 {%- endmacro %}
