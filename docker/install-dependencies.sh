#!/bin/sh
# Installs what a Debian or Ubuntu machine with only a Rust toolchain lacks, and says what and why.
#
#   docker/install-dependencies.sh demo   what `make demo` needs: C toolchain, PostgreSQL's server programs
#   docker/install-dependencies.sh test   that, and Node.js and Python for the client and proto checks (the default)
#
# Does nothing where everything is there. Needs root only when something is missing; uses sudo when run by another user.
# No PostgreSQL cluster is created or started on the machine: Bursar runs private ones of its own.
set -eu

packages=''

# need PACKAGES WHY: to be installed.
need() {
    echo "missing: $2 -> $1"
    packages="$packages $1"
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# The same places, in the same order, as the program looks for them.
has_postgresql() {
    if [ -n "${PG_BIN:-}" ]; then
        [ -x "$PG_BIN/initdb" ]
        return
    fi
    for bin in /usr/lib/postgresql/*/bin; do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then
            return 0
        fi
    done
    has initdb && has postgres
}

check_demo() {
    has cc || need 'gcc libc6-dev' 'a C compiler and linker (Rust links with it; the cryptography library is C)'
    has make || need 'make' 'make'
    has_postgresql || need 'postgresql' "PostgreSQL's server programs"
}

check_test() {
    check_demo
    has node || need 'nodejs' 'Node.js (proto lint, TypeScript client)'
    has npm || need 'npm' 'npm (proto lint, TypeScript client)'
    python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || need 'python3 python3-venv' 'Python with venv (Python client)'
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        echo "not root, and sudo is missing; as root, run: $*" >&2
        exit 1
    fi
}

install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# Debian's package creates and starts a cluster on port 5432 unless told otherwise; the setting is put back afterwards.
install_without_cluster() {
    conf=/etc/postgresql-common/createcluster.conf
    install postgresql-common
    as_root cp -p "$conf" "$conf.before-bursar"
    trap 'as_root mv -f "$conf.before-bursar" "$conf"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    echo 'create_main_cluster = false' | as_root tee -a "$conf" >/dev/null
    install "$@"
}

case "${1:-test}" in
demo) check_demo ;;
test) check_test ;;
*)
    echo "usage: $0 [demo|test]" >&2
    exit 2
    ;;
esac

if [ -z "$packages" ]; then
    exit 0
fi
if ! has apt-get; then
    echo "this machine has no apt-get; please install the equivalents of:$packages" >&2
    exit 1
fi
echo "installing:$packages"
as_root apt-get update -q
# Word splitting makes the list.
# shellcheck disable=SC2086
case " $packages " in
*' postgresql '*) install_without_cluster $packages ;;
*) install $packages ;;
esac
