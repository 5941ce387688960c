#!/bin/sh
# Runs once, when the PostgreSQL volume is new: one role and its databases for Baton, one for Temporal.
set -eu

: "${BATON_DB_PASSWORD:?is required, see .env.example}"
: "${TEMPORAL_DB_PASSWORD:?is required, see .env.example}"

psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
  --set baton_password="$BATON_DB_PASSWORD" --set temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
create role baton login password :'baton_password';
create database baton owner baton;
create role temporal login password :'temporal_password';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
SQL
