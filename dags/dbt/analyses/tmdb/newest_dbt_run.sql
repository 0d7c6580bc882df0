-- The models of the newest dbt run.
select
    models.model,
    models.status,
    models.rows_affected,
    models.seconds
from dbt_model_log as models
where
    models.invocation_id = (
        select runs.invocation_id
        from dbt_run_log as runs
        order by runs.run_start_at desc
        limit 1
    )
order by models.seconds desc
