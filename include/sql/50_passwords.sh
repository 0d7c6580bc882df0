#!/bin/sh
# For the container of docker-compose.override.yml: gives the roles the passwords of .env. The run
# without Docker makes random ones.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv pipeline_password PIPELINE_PASSWORD
\getenv analyst_password ANALYST_PASSWORD
alter role pipeline password :'pipeline_password';
alter role analyst password :'analyst_password';
SQL
