#!/bin/bash
# Serve the pages and do the background work until either ends or somebody stops us;
# then stop the other. Usage: serve.sh PORT
set -euo pipefail

port=$1
sign_ins=${CHO_INSTANCE:-instance}/demo-sign-ins.txt
children=()

stop() {
    trap - EXIT INT TERM HUP
    if [ ${#children[@]} -gt 0 ]; then
        kill -TERM "${children[@]}" 2>/dev/null || true
        wait "${children[@]}" 2>/dev/null || true
    fi
}
# A stop that was asked for is no failure.
trap 'stop; exit 0' INT TERM HUP
trap stop EXIT

flask worker &
children+=($!)
gunicorn --bind "127.0.0.1:$port" wsgi:app &
children+=($!)

echo
echo "  http://127.0.0.1:$port"
if [ -e "$sign_ins" ]; then
    echo
    sed 's/^/  /' "$sign_ins"
fi
echo
echo "  Ctrl-C stops the service."
echo

status=0
wait -n "${children[@]}" || status=$?
echo "One of the two processes ended (status $status); stopping." >&2
exit 1
