#!/usr/bin/env bash
# Judges the contract and the gateway by something not ours: a Python gRPC client, generated from the protos, does the main
# job on the sandbox and compares every payout with the sandbox's own ledger.
#
#   tests/judges/run_python.sh
#
# Needs `cargo build`, Python 3 with venv, and PostgreSQL's server programs. What it installs and generates is below
# target/judges; what it starts it stops.
#
#   BURSAR_BIN_DIR   folder with the programs; the newer of target/release and target/debug when unset
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/judges/common.sh
source tests/judges/common.sh

bursar=$(program bursar)
venv=$judges/python
stubs=$judges/stubs

# The environment is made once, and again when what it is made of changes.
if ! cmp -s tests/judges/requirements.txt "$venv/requirements.txt"; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/judges/requirements.txt
    cp tests/judges/requirements.txt "$venv/requirements.txt"
fi

# google/api comes with the packages; ours are generated anew each time.
rm -rf "$stubs"
mkdir -p "$stubs"
(
    cd proto
    find bursar -name '*.proto' -print0 | sort -z | xargs -0 "$venv/bin/python" -m grpc_tools.protoc \
        --proto_path=. --proto_path=third_party --python_out="$stubs" --grpc_python_out="$stubs"
)

# What comes off and what is carried forward, as the page says it: nothing has to run for that.
"$venv/bin/python" -B tests/judges/amounts.py docs/ENTITLEMENTS.md

# Who gets what of a pool, recomputed from the holders file alone: balances of very different size, some alike, a pool that
# does not divide.
"$venv/bin/python" -B - >"$data/holders.csv" <<'END'
print("address,balance")
for rank in range(1, 1001):
    print(f"0x{0xb << 156 | rank:040x},{10**14 // (rank // 3 + 1) + rank % 7}")
END
NO_COLOR=1 "$bursar" demo --holders "$data/holders.csv" --pool 1000000.000001 --json --out "$data/demo" >"$data/demo.json"
"$venv/bin/python" -B tests/judges/split.py "$data/holders.csv" "$data/demo/payouts.csv" 1000000000001

start "$bursar" up --data "$data/bursar" --sandbox --json
PYTHONPATH=$stubs "$venv/bin/python" -B tests/judges/client.py --bursar "$bursar" "$started"
