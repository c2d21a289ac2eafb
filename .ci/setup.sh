#!/usr/bin/env bash
# Installs the Debian packages that tests use besides npm's, where that is allowed: as root, with apt-get.
# Ends with 1 and a list where something is missing all the same. What only some suites of hardware security modules
# want (a software TPM, opencryptoki) is tried and reported: those suites say that they are skipped.
set -uo pipefail

has_pykmip() { /usr/bin/python3 -W ignore -c 'import kmip' 2>/dev/null; }
has_postgresql() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_library() { compgen -G "/usr/lib/*/$1" >/dev/null || compgen -G "/usr/lib/$1" >/dev/null; }
has_command() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }

missing() {
  has_pykmip || echo python3-pykmip
  has_postgresql || echo postgresql
  # Builds pkcs11js, and the module between us and SoftHSM that makes faults.
  has_command gcc || echo gcc libc6-dev
  has_command g++ || echo g++
  has_command make || echo make
  { has_command softhsm2-util && has_library softhsm/libsofthsm2.so; } || echo softhsm2
  has_library libsoftokn3.so || has_library nss/libsoftokn3.so || echo libnss3
}

missing_optional() {
  has_command swtpm || echo swtpm
  has_command swtpm_setup || echo swtpm-tools
  has_command tpm2 || echo tpm2-tools
  has_library 'libtpm2_pkcs11.so.1' || echo libtpm2-pkcs11-1
  has_command tpm2_ptool || echo libtpm2-pkcs11-tools
  has_command tpm2-abrmd || echo tpm2-abrmd
  has_library 'libtss2-tcti-tabrmd.so.0' || echo libtss2-tcti-tabrmd0
  has_command dbus-daemon || echo dbus-daemon
  has_command pkcsslotd || echo opencryptoki
  # MongoDB's driver and libkms_message, for conformance:clients.
  [ -e /usr/include/mongocrypt/mongocrypt.h ] || echo libmongocrypt-dev
  [ -e /usr/include/libbson-1.0/bson.h ] || [ -e /usr/include/libbson-1.0/bson/bson.h ] || echo libbson-dev
}

install() {
  timeout 600 apt-get install -y -qq --no-install-recommends "$@"
}

mapfile -t wanted < <(missing | tr ' ' '\n')
mapfile -t optional < <(missing_optional)
if [ $((${#wanted[@]} + ${#optional[@]})) -gt 0 ] && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  timeout 300 apt-get update -qq
  [ "${#wanted[@]}" -eq 0 ] || install "${wanted[@]}"
  [ "${#optional[@]}" -eq 0 ] || install "${optional[@]}"
fi

mapfile -t optional < <(missing_optional)
if [ "${#optional[@]}" -gt 0 ]; then
  echo "not there, so some suites are skipped: ${optional[*]} (Debian packages)" >&2
fi

mapfile -t wanted < <(missing | tr ' ' '\n')
if [ "${#wanted[@]}" -gt 0 ]; then
  echo "missing for the tests: ${wanted[*]} (Debian packages; install them as root)" >&2
  exit 1
fi
