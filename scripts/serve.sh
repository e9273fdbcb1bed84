#!/bin/bash
# Serve the pages and do the background work until either ends or somebody stops us;
# then stop the other. Usage: serve.sh PORT
set -euo pipefail

port=$1
sign_ins=${CHO_INSTANCE:-instance}/demo-sign-ins.txt

stop() {
    trap - EXIT INT TERM HUP
    # Asked of the shell: a stop may come before a list of our own held the last one started.
    local child
    for child in $(jobs -p); do
        kill -TERM "$child" 2>/dev/null || true
    done
    wait
}
# A stop that was asked for is no failure.
trap 'stop; exit 0' INT TERM HUP
trap stop EXIT

flask worker &
gunicorn --bind "127.0.0.1:$port" wsgi:app &

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
wait -n || status=$?
echo "One of the two processes ended (status $status); stopping." >&2
exit 1
