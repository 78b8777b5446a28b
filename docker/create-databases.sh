#!/bin/sh
# Runs once, when the postgres container creates its cluster: a database per service with two roles, an owner that
# migrates and a login that runs. Nobody else may connect; what the runtime role may do, migrations grant.
set -eu

for service in asset holder_sync distribution execution gateway; do
    prefix=$(echo "$service" | tr '[:lower:]' '[:upper:]')
    psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v database="bursar_$service" -v owner="bursar_${service}_owner" \
        -v app="bursar_${service}_app" -v owner_env="${prefix}_OWNER_PASSWORD" -v app_env="${prefix}_APP_PASSWORD" \
        --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password :owner_env
\getenv app_password :app_env
SET log_min_error_statement = panic;
CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
CREATE ROLE :"app" LOGIN PASSWORD :'app_password';
CREATE DATABASE :"database" OWNER :"owner";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"app";
SQL
done

psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --command 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
