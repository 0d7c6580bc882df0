FROM astrocrpublic.azurecr.io/runtime:3.3-8-python-3.12

# The manifest is kept outside dags/, which `astro dev start` and DAG-only deploys mount over.
ENV WAREHOUSE_DBT_TARGET_DIR=/usr/local/airflow/dbt_target \
    IMDB_DATA_DIR=/usr/local/airflow/data \
    AIRFLOW__COSMOS__ENABLE_TELEMETRY=False \
    WAREHOUSE_DOCS_DIR=/usr/local/airflow/include/docs \
    AIRFLOW__COSMOS__DBT_DOCS_PROJECTS='{"warehouse": {"dir": "/usr/local/airflow/include/docs", "index": "index.html", "name": "Warehouse"}}' \
    DO_NOT_TRACK=1
RUN mkdir -p "$IMDB_DATA_DIR" && dbt parse --project-dir dags/dbt --profiles-dir dags/dbt \
    --profile film_warehouse --target prod \
    --target-path "$WAREHOUSE_DBT_TARGET_DIR" --log-path "$WAREHOUSE_DBT_TARGET_DIR"
