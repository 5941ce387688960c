#!/bin/sh
# Makes the secrets of docker-compose.yml, each in a file of its own, and keeps those that are there.
#   sh docker/make-secrets.sh [folder]        default: secrets
set -eu

folder=${1:-secrets}
mkdir -p "$folder"
# The folder is closed. The files in it are not, because containers read them as users of their own.
chmod 700 "$folder"

make() {
  [ -s "$folder/$1" ] || printf '%s' "$2" > "$folder/$1"
  chmod 444 "$folder/$1"
}
password() {
  openssl rand -hex 24
}

make postgres_password "$(password)"
make temporal_db_password "$(password)"
make baton_owner_password "$(password)"
make baton_program_password "$(password)"
make baton_owner_url "postgresql://baton:$(cat "$folder/baton_owner_password")@postgres:5432/baton"
make baton_program_url "postgresql://baton_app:$(cat "$folder/baton_program_password")@postgres:5432/baton"
# Encrypts webhook secrets and channel credentials. Keep a copy: without it they cannot be read again.
make baton_secret_key "$(openssl rand -base64 32)"
# Encrypts what the engine stores of runs. Keep a copy of it as well.
make baton_payload_key "$(openssl rand -base64 32)"
# Shows the metrics of all workspaces.
make baton_metrics_key "$(openssl rand -hex 32)"
# Signs checkpoints. Keep what `openssl pkey -in … -pubout` shows of it where nobody writes to the database.
make baton_checkpoint_key "$(openssl genpkey -algorithm ed25519)"
# Empty ones count as not set: earlier keys, separated by commas, which still decrypt; the password of the server
# that takes mail.
for optional in baton_previous_secret_keys baton_previous_payload_keys baton_smtp_password; do
  [ -e "$folder/$optional" ] || : > "$folder/$optional"
  chmod 444 "$folder/$optional"
done
