#!/usr/bin/env bash
# Judges the sandbox by something not ours: Hedera's official JavaScript SDK transfers HBAR and a token through its nodes, sends
# each transfer a second time, and the sandbox's ledger shows each once.
#
#   tests/judges/run_hedera_sdk.sh
#
# Needs `cargo build --bins --examples`, Node.js and npm. What it installs is below target/judges; what it starts it stops.
#
#   BURSAR_BIN_DIR   folder with the programs; the newer of target/release and target/debug when unset
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/judges/common.sh
source tests/judges/common.sh

version=2.87.0
sandbox=$(program bursar-sandbox)
prepared=$(program examples/prepared_transfer)
export HEDERA_SDK_DIR=$judges/hedera-sdk-$version

# The mark is set when the installation is complete.
if [ ! -e "$HEDERA_SDK_DIR/installed" ]; then
    rm -rf "$HEDERA_SDK_DIR"
    mkdir -p "$HEDERA_SDK_DIR"
    npm install --no-save --no-audit --no-fund --loglevel=error --prefix "$HEDERA_SDK_DIR" "@hiero-ledger/sdk@$version"
    touch "$HEDERA_SDK_DIR/installed"
fi

# The SDK speaks TLS to this one port, whoever has it.
start "$sandbox"
while [[ $started == *':50212"'* ]]; do
    stop
    start "$sandbox"
done
node tests/judges/hedera_sdk_judge.mjs "$started" "$("$prepared")"
