#!/usr/bin/env bash
# Installs the Debian packages that tests use besides npm's, where that is allowed: as root, with apt-get.
# Ends with 1 and a list where something is missing all the same.
set -uo pipefail

has_pykmip() { /usr/bin/python3 -W ignore -c 'import kmip' 2>/dev/null; }
has_postgresql() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

missing() {
  has_pykmip || echo python3-pykmip
  has_postgresql || echo postgresql
}

mapfile -t wanted < <(missing)
if [ "${#wanted[@]}" -gt 0 ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  timeout 300 apt-get update -qq
  timeout 600 apt-get install -y -qq --no-install-recommends "${wanted[@]}"
fi

mapfile -t wanted < <(missing)
if [ "${#wanted[@]}" -gt 0 ]; then
  echo "missing for the tests: ${wanted[*]} (Debian packages; install them as root)" >&2
  exit 1
fi
