#!/bin/sh
# For the container of docker-compose.override.yml: gives the roles the passwords of .env. The run
# without Docker makes random ones. And nobody but its owner gets into the server's other databases.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
-- Neither a log of statements nor that of errors may have them.
set log_statement = 'none';
set log_min_error_statement = 'panic';
\getenv pipeline_password PIPELINE_PASSWORD
\getenv analyst_password ANALYST_PASSWORD
alter role pipeline password :'pipeline_password';
alter role analyst password :'analyst_password';
revoke connect, temporary on database postgres, template1 from public;
SQL
