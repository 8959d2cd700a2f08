#!/usr/bin/env bash
# Runs once, when the database is made: a role that is no superuser, and a database of its own.
set -euo pipefail

password=$(cat /run/secrets/database_password)
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set password="$password" <<'SQL'
CREATE ROLE candor LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE candor OWNER candor;
REVOKE ALL ON DATABASE candor FROM PUBLIC;
SQL
touch "$PGDATA/candor-ready"
