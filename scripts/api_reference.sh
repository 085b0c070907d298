#!/usr/bin/env bash
# Writes the API reference with Doxygen; fails where a public symbol has no documentation.
# usage: scripts/api_reference.sh [OUTPUT_FOLDER [ROOT]]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
output=$(realpath -m "${1:-$here/build/docs}")
cd "${2:-$here}"
mkdir -p "$output"
(cat "$here/docs/Doxyfile" && printf 'OUTPUT_DIRECTORY = "%s"\n' "$output") | doxygen -
echo "API reference: $output/html/index.html"
