#!/bin/bash
# Install the front-end packages of package-lock.json and copy what pages load
# to static/vendor. npm checks each package against the hash in the lock file.
set -euo pipefail

if ! command -v npm >/dev/null; then
    pip install --quiet --disable-pip-version-check --require-hashes \
        --requirement requirements-npm.txt
fi

npm ci --silent

mkdir -p static/vendor
install -m 644 node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx.min.js
