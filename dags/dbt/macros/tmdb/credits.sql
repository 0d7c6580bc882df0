{#- The elements of cast and crew of a JSON object, in relations `lists` (role_kind) and `element`. -#}
{% macro join_cast_and_crew(credits) -%}
    cross join lateral (
        values ('cast', {{ credits }} -> 'cast'), ('crew', {{ credits }} -> 'crew')
    ) as lists (role_kind, list)
    cross join lateral {{ json_elements('lists.list') }} with ordinality as element (value, place)
{%- endmacro %}

{#- The same of aggregate_credits: the parts of a member are its roles or jobs, in a relation `part`. -#}
{% macro join_cast_and_crew_by_part(credits) -%}
    cross join lateral (
        values
            ('cast', {{ credits }} -> 'cast', 'roles'),
            ('crew', {{ credits }} -> 'crew', 'jobs')
    ) as lists (role_kind, list, parts)
    cross join lateral {{ json_elements('lists.list') }} with ordinality as element (value, place)
    cross join lateral {{ json_elements('(element.value -> lists.parts)') }}
        with ordinality as part (value, part_place)
{%- endmacro %}

{#- A value that only cast or only crew has. -#}
{% macro value_of(role_kind, value) -%}
    case when lists.role_kind = '{{ role_kind }}' then {{ value }} end
{%- endmacro %}
