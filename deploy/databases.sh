#!/bin/sh
# Run once by the database container: two databases, and the role that serves and owns nothing.
set -e
psql -v ON_ERROR_STOP=1 -v password="$KRUISPUNT_SERVER_PASSWORD" -U postgres <<'SQL'
CREATE DATABASE kruispunt_directory TEMPLATE template0 ENCODING 'UTF8';
CREATE DATABASE kruispunt_identity TEMPLATE template0 ENCODING 'UTF8';
CREATE ROLE kruispunt_server LOGIN PASSWORD :'password';
SQL
