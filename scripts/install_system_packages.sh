#!/bin/bash
# Install the Debian packages that a purpose needs and this machine lacks.
# Usage: install_system_packages.sh environment|build|tests
set -euo pipefail

case ${1:-} in
environment) packages=(python3-venv) ;;
# PyICU comes as source.
build) packages=(g++ pkg-config libicu-dev) ;;
tests)
    packages=(postgresql-15 chromium fonts-dejavu-core poppler-utils libzbar0 libreoffice-calc)
    ;;
*)
    echo "usage: $0 environment|build|tests" >&2
    exit 2
    ;;
esac

if [ "$1" = build ]; then
    header=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
    [ -e "$header" ] || packages+=(python3-dev)
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
    if ! "${as_root[@]}" true 2>/dev/null; then
        echo "These Debian packages are needed. As root:" >&2
        echo "  apt-get update && apt-get install --yes ${missing[*]}" >&2
        exit 1
    fi
fi

echo "Installing from Debian: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update --quiet=2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}" >&2
