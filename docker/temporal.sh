#!/bin/sh
# Starts the Temporal server, whose database password comes from a file.
set -eu

POSTGRES_PWD=$(cat /run/secrets/temporal_db_password)
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
