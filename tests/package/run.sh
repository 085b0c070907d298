#!/usr/bin/env bash
# Installs the build folder $1 to a scratch prefix, builds a separate project against it with find_package(mullama),
# and lets that project's program answer.
set -euo pipefail
build=$1
model=$("$build/bin/mullama_model_path")
here=$(cd "$(dirname "$0")/consumer" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/prefix" >/dev/null
cmake -G Ninja -S "$here" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$scratch/build" >/dev/null
answer=$("$scratch/build/consumer" "$model")
printf 'answer: %s\n' "$answer"
[ -n "$answer" ]
"$scratch/prefix/bin/mullama" --version
