{#- What only Trakt's JSON needs; the rest is in macros/json.sql. -#}

{#- A moment as YYYY-MM-DDTHH:MM:SS.000Z. -#}
{% macro json_moment(value) -%}
    (case
        when {{ value }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?Z$'
            and pg_input_is_valid({{ value }}, 'timestamptz')
            then {{ value }}
    end)::timestamptz
{%- endmacro %}

{#- The day (UTC) of a release, given as a day or a moment; one in an impossible year is NULL. -#}
{% macro json_release(value) -%}
    (case
        when {{ value }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}($|T[0-9:.]+Z$)'
            and pg_input_is_valid({{ value }}, 'timestamptz')
            and left({{ value }}, 4)
            between '{{ var('trakt_first_year') }}' and '{{ var('trakt_last_year') }}'
            then left({{ value }}, 10)
    end)::date
{%- endmacro %}

{#- A number of likes, words, a season …: a whole number of up to nine digits, as integer. -#}
{% macro json_count(value) -%}
    (case when {{ value }} ~ '^[0-9]{1,9}([.]0+)?$' then split_part({{ value }}, '.', 1) end)::integer
{%- endmacro %}

{#- What a user gives a title: 1 to 10. -#}
{% macro json_score(value) -%}
    (case when {{ value }} ~ '^([1-9]|10)([.]0+)?$' then split_part({{ value }}, '.', 1) end)::integer
{%- endmacro %}

{#- A mean rating, 0 to 10. -#}
{% macro json_mean_rating(value) -%}
    (case when {{ value }} ~ '^([0-9]([.][0-9]{1,30})?|10([.]0{1,30})?)$' then {{ value }} end)::numeric(7, 5)
{%- endmacro %}

{#- Votes by score as an array of the votes for 1 to 10. -#}
{% macro json_distribution(votes) -%}
    array[
        {%- for score in range(1, 11) -%}
        {{ json_count('(' ~ votes ~ " ->> '" ~ score ~ "')") }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ]
{%- endmacro %}
