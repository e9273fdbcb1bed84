#!/bin/bash
# Compile requirements*.in and package.json into lock files with hashes and without
# the names of the registries they came from.
set -euo pipefail

environment=build/lock
if [ ! -x "$environment/bin/pip-compile" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check pip-tools==7.6.2
fi

# requirements.txt first: the others are compiled in agreement with it.
for name in requirements requirements-dev requirements-npm; do
    "$environment/bin/pip-compile" --quiet --generate-hashes --strip-extras --no-config \
        --no-header --no-emit-options --no-emit-index-url --no-emit-find-links \
        --no-emit-trusted-host --output-file "$name.txt" "$name.in"
done

npm install --package-lock-only --silent
