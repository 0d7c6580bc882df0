#!/bin/sh
# For the container of docker-compose.override.yml, which has this folder as /sql: applies the files in
# the order that `make schema` has (the warehouse's, then each source's), and gives the roles the
# passwords of .env. The run without Docker makes random ones.
set -eu
folder=${SQL_FOLDER:-/sql}
warehouse() {
    psql --set ON_ERROR_STOP=1 --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}
for file in "$folder"/warehouse/*.sql; do
    warehouse --single-transaction --file "$file"
done
for file in "$folder"/*/*.sql; do
    case $file in "$folder"/warehouse/*) continue ;; esac
    warehouse --single-transaction --file "$file"
done
warehouse <<'SQL'
-- Neither a log of statements nor that of errors may have them.
set log_statement = 'none';
set log_min_error_statement = 'panic';
\getenv pipeline_password PIPELINE_PASSWORD
\getenv analyst_password ANALYST_PASSWORD
alter role pipeline password :'pipeline_password';
alter role analyst password :'analyst_password';
-- Only their owner gets into the server's other databases.
revoke connect, temporary on database postgres, template1 from public;
SQL
