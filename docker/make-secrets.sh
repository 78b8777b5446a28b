#!/bin/sh
# Makes what compose.yml needs and git must not have: docker/.env (database passwords) and docker/keys/<service>/
# (each service's own key and the public keys of the callers it trusts). Keeps what is already there.
set -eu
cd "$(dirname "$0")"
umask 077

# Each service: itself, then the services it accepts calls from.
trusted='
asset gateway distribution
holder-sync gateway asset distribution
distribution gateway
execution gateway distribution asset
gateway
'

password() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

if [ ! -e .env ]; then
    # Keys are readable by their owner alone, so the containers run as that owner; never as root.
    uid=$(id -u)
    gid=$(id -g)
    if [ "$uid" -eq 0 ]; then
        uid=10001
        gid=10001
    fi
    {
        echo "BURSAR_UID=$uid"
        echo "BURSAR_GID=$gid"
        echo "POSTGRES_PASSWORD=$(password)"
        for service in ASSET HOLDER_SYNC DISTRIBUTION EXECUTION GATEWAY; do
            echo "${service}_OWNER_PASSWORD=$(password)"
            echo "${service}_APP_PASSWORD=$(password)"
        done
    } >.env.new
    mv .env.new .env
    echo 'made docker/.env'
fi

echo "$trusted" | while read -r service _; do
    if [ -n "$service" ] && [ ! -e "keys/$service/$service.pem" ]; then
        mkdir -p "keys/$service"
        openssl genpkey -algorithm ed25519 -out "keys/$service/$service.pem"
        echo "made docker/keys/$service/$service.pem"
    fi
done

# Public keys last: every service has its own by now.
echo "$trusted" | while read -r service callers; do
    for caller in $callers; do
        openssl pkey -in "keys/$caller/$caller.pem" -pubout -out "keys/$service/$caller.pub.pem"
    done
done

if [ "$(id -u)" -eq 0 ]; then
    chown -R "$(sed -n 's/^BURSAR_UID=//p' .env):$(sed -n 's/^BURSAR_GID=//p' .env)" keys
fi
