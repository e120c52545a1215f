#!/bin/sh
# versitygw takes its keys from the environment only; they are read from files here, where no `inspect` shows them.
set -eu
ROOT_ACCESS_KEY=$(cat /etc/s3/secrets/s3-access-key)
ROOT_SECRET_KEY=$(cat /etc/s3/secrets/s3-secret-key)
export ROOT_ACCESS_KEY ROOT_SECRET_KEY
exec versitygw --quiet --keep-alive --port :7070 --health /health \
  --cert /etc/s3/secrets/cert.pem --key /etc/s3/secrets/key.pem posix /data
