{#-
    Every rule is true of every row; a rule is a condition with a name, and NULL counts as false. The
    table is read once for all rules. broken_rules of a failing row names those that it breaks.
-#}
{% test rules_hold(model, rules) %}
    select
        array_remove(array[
            {%- for rule, condition in rules.items() %}
            case when ({{ condition }}) is not true then '{{ rule }}' end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ], null) as broken_rules,
        *
    from {{ model }}
    where
        {%- for condition in rules.values() %}
        {{ 'or ' if not loop.first }}({{ condition }}) is not true
        {%- endfor %}
{% endtest %}
