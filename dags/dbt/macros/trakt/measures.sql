{#- A ratio of two sums, to four decimals; NULL without a denominator. -#}
{% macro ratio(numerator, denominator, type='numeric(16, 4)') -%}
    ({{ numerator }}::numeric / nullif({{ denominator }}, 0))::{{ type }}
{%- endmacro %}

{#- (Σ n)² / Σ n²: how many users would write as many comments each, if all wrote alike. -#}
{% macro effective_number(total, squares) -%}
    (({{ total }}::numeric * {{ total }}) / nullif({{ squares }}, 0))::numeric(16, 4)
{%- endmacro %}

{#- The value of a single threshold of the seed engagement_thresholds. -#}
{% macro engagement_threshold(name) -%}
    (select value::integer from {{ ref('engagement_thresholds') }} where name = '{{ name }}')
{%- endmacro %}

{#- The rows of a relation whose keys are touched, or all. -#}
{% macro own_rows(relation, column) -%}
    select *
    from {{ relation }}
    {%- if is_incremental() %}
    where {{ column }} in (select touched.{{ column }} from touched)
    {%- endif %}
{%- endmacro %}

{#- ISO weeks from the one of a release to the one of a day, both included. -#}
{% macro weeks_since(released_on, day) -%}
    (case
        when {{ released_on }} <= {{ day }}
            then ({{ iso_monday(day) }} - {{ iso_monday(released_on) }}) / 7 + 1
    end)::bigint
{%- endmacro %}

{#- Counts and sums of the comments that count. What no such comment says is NULL. -#}
{% macro comment_counts(counts='true') -%}
    count(*) filter (where {{ counts }}) as comments,
        count(*) filter (where {{ counts }} and not is_reply) as top_level_comments,
        count(*) filter (where {{ counts }} and is_reply) as replies,
        count(*) filter (where {{ counts }} and is_review) as reviews,
        count(*) filter (where {{ counts }} and is_spoiler) as spoilers,
        case
            when count(age_days) filter (where {{ counts }}) > 0
                then count(*) filter (where {{ counts }} and is_anticipation)
        end as anticipation_comments,
        sum(likes) filter (where {{ counts }}) as likes,
        count(rating_at_first_sight) filter (where {{ counts }}) as rated_comments,
        sum(rating_at_first_sight) filter (where {{ counts }}) as rating_sum
{%- endmacro %}

{% macro comment_count_columns() -%}
    {{- return([
        'comments', 'top_level_comments', 'replies', 'reviews', 'spoilers',
        'anticipation_comments', 'likes', 'rated_comments', 'rating_sum'
    ]) -}}
{%- endmacro %}
