#!/bin/sh
# Runs once, when the PostgreSQL volume is new: a role and its databases for Baton, one for Temporal, and
# the role of Baton's programs, which owns nothing and is held by row security. Nobody else connects to any
# of the databases: neither Temporal to Baton's nor the other way round.
set -eu

secret() {
  cat "/run/secrets/$1"
}

psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 \
  --set owner_password="$(secret baton_owner_password)" \
  --set program_password="$(secret baton_program_password)" \
  --set temporal_password="$(secret temporal_db_password)" <<'SQL'
create role baton login password :'owner_password';
create database baton owner baton;
create role baton_program nologin;
create role baton_app login password :'program_password' in role baton_program;
create role temporal login password :'temporal_password';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
revoke all on database postgres, template1, baton, temporal, temporal_visibility from public;
grant connect on database baton to baton_program;
SQL
