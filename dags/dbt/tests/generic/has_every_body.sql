{#-
    Each thing whose newest answer is there has a row in the staging model. A row may stay longer than
    its body: what is too old leaves the raw table, and staging with the next whole build.
-#}
{% test has_every_body(model) %}
    {%- set table = raw_table_of_staging(model) if execute %}
    {%- set keys = table.config.meta.key | map(attribute='name') | join(', ') if execute else 1 %}
    select {{ keys }}
    from {{ table.relation_name if execute else model }}
    where raw_data is not null and {{ is_in_build('load_id') }}
    except
    select {{ keys }}
    from {{ model }}
{% endtest %}
