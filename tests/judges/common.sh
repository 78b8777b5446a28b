# What both judges need, for `source`: finding our programs, and starting one that is stopped whatever happens.

judges=${CARGO_TARGET_DIR:-target}/judges
started_pid=
started=
data=

# program NAME: the path of a program of ours.
program() {
    local name=$1 target=${CARGO_TARGET_DIR:-target} found
    if [ -n "${BURSAR_BIN_DIR:-}" ]; then
        found=$BURSAR_BIN_DIR/$name
    else
        found=$target/debug/$name
        if [ "$target/release/$name" -nt "$found" ]; then
            found=$target/release/$name
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
    "$@" >"$data/started.json" 2>"$data/started.log" &
    started_pid=$!
    until [ -s "$data/started.json" ]; do
        # A minute and a half: the first start makes a database cluster.
        if ! kill -0 "$started_pid" 2>/dev/null || [ $((waited += 1)) -gt 900 ]; then
            echo "$1 did not start:" >&2
            cat "$data/started.log" >&2
            return 1
        fi
        sleep 0.1
    done
    started=$(head -n 1 "$data/started.json")
}

# Streams are given ten seconds to end; whoever takes twice that hangs.
stop() {
    local status=$? waited=0
    trap - EXIT
    if [ -n "$started_pid" ]; then
        kill -TERM "$started_pid" 2>/dev/null || true
        while kill -0 "$started_pid" 2>/dev/null && [ $((waited += 1)) -le 200 ]; do
            sleep 0.1
        done
        kill -KILL "$started_pid" 2>/dev/null || true
        wait "$started_pid" 2>/dev/null || true
        if [ "$status" -ne 0 ]; then
            echo "the end of its log:" >&2
            tail -n 40 "$data/started.log" >&2
        fi
    fi
    if [ -n "$data" ]; then
        rm -rf "$data"
    fi
    exit "$status"
}

trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$judges"
