# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by those that source this
# What the judges share, for `source` from the root of the repository: finding our programs, and starting one that is stopped
# whatever happens. Sets $judges, a folder below target/ for what is installed and generated, and $data, a folder that is
# removed at the end.

judges=${CARGO_TARGET_DIR:-target}/judges
mkdir -p "$judges"
judges=$(cd "$judges" && pwd)
started=
started_pid=

# program NAME: the path of a program of ours.
program() {
    local target=${CARGO_TARGET_DIR:-target} found
    if [ -n "${BURSAR_BIN_DIR:-}" ]; then
        found=$BURSAR_BIN_DIR/$1
    else
        found=$target/debug/$1
        if [ "$target/release/$1" -nt "$found" ]; then
            found=$target/release/$1
        fi
    fi
    if [ ! -x "$found" ]; then
        echo "$found is not there: run 'cargo build --workspace --bins' first" >&2
        return 1
    fi
    echo "$found"
}

# start PROGRAM ARGUMENTS…: starts a program that prints one line of JSON when it is ready, and leaves that in $started.
start() {
    local waited=0
    NO_COLOR=1 "$@" >"$data/started.json" 2>"$data/started.log" &
    started_pid=$!
    # A minute and a half: the first start makes a database cluster.
    until [ -s "$data/started.json" ]; do
        if ! kill -0 "$started_pid" 2>/dev/null || [ $((waited += 1)) -gt 900 ]; then
            echo "$1 did not start" >&2
            return 1
        fi
        sleep 0.1
    done
    started=$(head -n 1 "$data/started.json")
}

# Asks what was started to end. Streams are given ten seconds for that; whoever takes twice as long hangs.
stop() {
    local waited=0
    [ -n "$started_pid" ] || return 0
    kill -TERM "$started_pid" 2>/dev/null || true
    while kill -0 "$started_pid" 2>/dev/null && [ $((waited += 1)) -le 200 ]; do
        sleep 0.1
    done
    kill -KILL "$started_pid" 2>/dev/null || true
    wait "$started_pid" 2>/dev/null || true
    started_pid=
}

leave() {
    local status=$?
    # Whoever is impatient now would leave behind what is being removed.
    trap '' INT TERM
    trap - EXIT
    stop
    if [ "$status" -ne 0 ] && [ -s "$data/started.log" ]; then
        echo 'the end of the log:' >&2
        tail -n 40 "$data/started.log" >&2
    fi
    rm -rf "$data"
    exit "$status"
}

# Not below target/: started by root, the database runs as another account, which has to reach its folder.
data=$(mktemp -d "${TMPDIR:-/tmp}/bursar-judge-XXXXXX")
chmod 755 "$data"
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
