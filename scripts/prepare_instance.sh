#!/bin/bash
# Bring the database up to date; on the first start fill it with demonstration data.
set -euo pipefail

instance=${CHO_INSTANCE:-instance}
sign_ins=$instance/demo-sign-ins.txt
areas_loaded=$instance/.areas-loaded
mkdir -p "$instance"

first_start=false
if [ ! -e "$sign_ins" ]; then
    first_start=true
elif [ -z "${CHO_DATABASE_URL:-}" ] && [ ! -e "$instance/cho.sqlite3" ]; then
    first_start=true
fi

flask db upgrade
flask coverage recount --if-changed
# The list of areas comes with a package, so it changes when the lock file does.
if $first_start || [ requirements.txt -nt "$areas_loaded" ]; then
    flask areas load
    touch "$areas_loaded"
fi
if $first_start; then
    echo "Loading demonstration data; this takes a minute or two." >&2
    flask demo load || echo "Going on without demonstration data." >&2
fi
