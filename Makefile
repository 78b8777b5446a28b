# The two commands a newcomer needs are `make demo` and `make test`; both install what the machine lacks and say so.

BUILT := BURSAR_BIN_DIR="$$(realpath "$${CARGO_TARGET_DIR:-target}")/debug"
BUF := npx --yes --package=@bufbuild/buf@1.75.0 buf

.PHONY: demo test bench check lint-proto judges

## Pays thousands of generated holders on a sandbox network that misbehaves, and reconciles every unit.
demo:
	docker/install-dependencies.sh demo
	cargo run --release --locked -p bursar -- demo

## Everything that is shown: unit, integration, end-to-end and crash suites, and judges that are not ours.
test:
	docker/install-dependencies.sh test
	# Tests are built with the programs of their packages, so that one build is enough: what starts programs finds them there.
	cargo test --workspace --all-features --locked --no-run
	# Most of what is tested waits for the simulated network, not for a core.
	$(BUILT) RUST_TEST_THREADS=4 cargo test --workspace --all-features --locked
	$(BUILT) $(MAKE) judges

## Clients and SDKs that share no code with us.
judges:
	tests/judges/run_hedera_sdk.sh
	tests/judges/run_python.sh

## The whole path for 100,000 holders beside a bare loop of COPY and batch commits, in one table.
bench:
	docker/install-dependencies.sh demo
	cargo run --release --locked -p bursar -- bench

## What needs no run: format, lints, protos.
check: lint-proto
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings

lint-proto:
	$(BUF) lint
	$(BUF) format --diff --exit-code
