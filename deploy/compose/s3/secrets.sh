#!/bin/bash
# Makes the passwords of this stack, once: each in a file of its own, for the one user that reads it. They are in no
# environment, no command line and no file of the host.
set -euo pipefail
umask 077

# name, owner, length
make() {
  local file=/secrets/$1 owner=$2 length=$3
  [ -s "$file" ] && return
  head -c 64 /dev/urandom | base64 -w 0 | tr -dc 'A-Za-z0-9' | cut -c "1-$length" | tr -d '\n' >"$file.new"
  chown "$owner" "$file.new"
  chmod 0400 "$file.new"
  # Whole or not at all: a crash before leaves only the draft.
  mv "$file.new" "$file"
}

mkdir -p /secrets/s3 /secrets/elastic /secrets/holdfast
make s3/secret-key 65531:65531 40
make elastic/password 1000:0 32
# What the services of Holdfast read: copies, because each server reads its own.
install -o 65532 -g 65532 -m 0400 /secrets/s3/secret-key /secrets/holdfast/s3-secret-key
install -o 65532 -g 65532 -m 0400 /secrets/elastic/password /secrets/holdfast/elastic-password
chown 65531:65531 /secrets/s3
chown 65532:65532 /secrets/holdfast
chown 1000:0 /secrets/elastic
