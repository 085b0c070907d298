#!/usr/bin/env bash
# Fails where a C++ file is not formatted as .clang-format says; with --fix, formats it.
# usage: scripts/check_format.sh [--fix] [--root FOLDER]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mode=(--dry-run --Werror)
while (($#)); do
    case $1 in
        --fix) mode=(-i) ;;
        --root) root=$2 && shift ;;
        *) echo "usage: $0 [--fix] [--root FOLDER]" >&2 && exit 2 ;;
    esac
    shift
done

# Versions differ in what they make of the same settings, so it has to be this one.
formatter=${CLANG_FORMAT:-clang-format-19}
"$formatter" --version 2>/dev/null | grep -q 'version 19\.' || {
    echo "$0: $formatter is no clang-format 19: install clang-format-19, or set CLANG_FORMAT" >&2
    exit 1
}

cd "$root"
folders=()
for folder in include src tests examples bench; do
    if [[ -d $folder ]]; then folders+=("$folder"); fi
done
mapfile -d '' -t files < <(find "${folders[@]}" -type f \( -name '*.h' -o -name '*.cpp' \) -print0)
if ((${#files[@]} == 0)); then
    echo "$0: no C++ file found under $root" >&2
    exit 1
fi
printf '%s\0' "${files[@]}" | xargs -0 "$formatter" --style=file "${mode[@]}" || exit 1
echo "format: ${#files[@]} files"
