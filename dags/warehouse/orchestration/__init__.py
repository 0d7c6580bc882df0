"""The thin Airflow layer: the tasks and dbt group that every source shares."""
