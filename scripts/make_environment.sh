#!/bin/bash
# Make the virtual environment, if need be, and install lock files into it.
# Usage: make_environment.sh FOLDER LOCK-FILE...
set -euo pipefail

folder=$1
shift

find_python() {
    local name
    for name in python3.11 python3; do
        if command -v "$name" >/dev/null &&
            "$name" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "Python 3.11 is needed, and neither python3.11 nor python3 is that." >&2
    return 1
}

if [ ! -x "$folder/bin/pip" ]; then
    python=$(find_python)
    # Debian ships venv without ensurepip; its package python3-venv adds that.
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        "$(dirname "$0")/install_system_packages.sh" environment
    "$python" -m venv "$folder"
fi

arguments=()
for lock_file in "$@"; do
    arguments+=(--requirement "$lock_file")
done
# Packages that come as source are built the present way, whatever the version of pip.
"$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes --use-pep517 \
    "${arguments[@]}"
