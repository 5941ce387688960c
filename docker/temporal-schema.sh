#!/bin/sh
# Brings Temporal's two databases to the schema of this server version. Safe to run again.
set -eu

SQL_PASSWORD=$(cat /run/secrets/temporal_db_password)
export SQL_PASSWORD
schemas=/etc/temporal/schema/postgresql/v12

update() {
  database=$1
  kind=$2
  tool() {
    temporal-sql-tool --plugin "$DB" --ep "$POSTGRES_SEEDS" --port "$DB_PORT" \
      --user "$POSTGRES_USER" --db "$database" "$@"
  }
  # An empty database has no version table yet: that is what the first call finds out.
  tool update-schema --schema-dir "$schemas/$kind/versioned" || {
    tool setup-schema --version 0.0
    tool update-schema --schema-dir "$schemas/$kind/versioned"
  }
}

update temporal temporal
update temporal_visibility visibility
