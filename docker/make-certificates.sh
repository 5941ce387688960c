#!/bin/sh
# Makes an authority and certificates for mTLS between Baton and Temporal, and keeps those that are there.
#   sh docker/make-certificates.sh [folder] [name of the server]     default: certificates temporal
set -eu

folder=${1:-certificates}
server=${2:-temporal}
days=825
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"

if [ ! -s authority.key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 3650 \
    -subj "/CN=Baton's engine" -keyout authority.key -out authority.crt 2>/dev/null
  # Signs whoever may reach the engine: no container gets it.
  chmod 600 authority.key
fi

certificate() {
  [ -s "$1.crt" ] && return
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
    -keyout "$1.key" -out "$1.csr" 2>/dev/null
  printf 'subjectAltName=DNS:%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$2" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA authority.crt -CAkey authority.key -CAcreateserial -sha256 \
    -days "$days" -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  rm "$1.csr" "$1.ext"
  # Containers read them as users of their own; the folder is closed.
  chmod 444 "$1.crt" "$1.key"
}

certificate server "$server"
certificate client baton
chmod 444 authority.crt
