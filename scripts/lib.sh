# Functions of scripts/run and scripts/test: packages, phases, builds. Sourced, never run.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program="$root/build/release/bin/mullama"

# Packages of Debian and Ubuntu. Debian 12 holds all of them; its default Boost is too old, that of later systems is not.
boost_package=libboost-dev
if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then boost_package=libboost1.81-dev; fi
build_packages=(g++ cmake ninja-build ccache pkg-config python3 python3-pip libfmt-dev libcli11-dev libedit-dev
    "$boost_package" libssl-dev zlib1g-dev libzstd-dev libtomlplusplus-dev
    libcurl4-openssl-dev)
test_packages=(libgtest-dev libgmock-dev valgrind doxygen tmux openssl clang-19 libclang-rt-19-dev clang-format-19)

# The same, named by what is looked for where there is no dpkg: a command, or a header in <>.
build_needs=(c++ cmake ninja pkg-config python3 '<fmt/format.h>' '<CLI/CLI.hpp>' '<histedit.h>' '<boost/beast/http.hpp>' '<openssl/ssl.h>' '<zlib.h>' '<zstd.h>' '<toml++/toml.h>' '<curl/curl.h>')
test_needs=('<gtest/gtest.h>' '<gmock/gmock.h>' valgrind doxygen tmux openssl clang++-19 clang-format-19)

# Objects are found again by a second clone: paths inside the clone are relative to it.
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$root}"
export CCACHE_NOHASHDIR="${CCACHE_NOHASHDIR:-1}"
# What ccache asks for before it keeps precompiled headers and what is compiled with them.
export CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-pch_defines,time_macros}"

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}

# apt-get with its own progress on a terminal, and silent but for errors elsewhere.
apt_get() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=600)
    if [[ -t 2 ]]; then
        as_root "${apt[@]}" "$@" >&2
    else
        as_root "${apt[@]}" -qq "$@" >/dev/null
    fi
}

# Prints those of the packages in "$@" that are not installed.
missing_packages() {
    local installed name
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for name in "$@"; do
        grep -qx "$name installed" <<<"$installed" || echo "$name"
    done
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
        die "packages are missing and sudo is not there; as root run: apt-get install --no-install-recommends ${missing[*]}"
    fi
    say "Installing ${#missing[@]} packages: ${missing[*]}"
    apt_get update || say "The package lists could not be updated; going on with those that are here"
    apt_get install --no-install-recommends "${missing[@]}" ||
        die "apt-get could not install: ${missing[*]} (without network, install them from a mirror or local files first)"
}

has_need() {
    case $1 in
        '<'*) printf '#include %s\n' "$1" | c++ -std=c++20 -E -x c++ - >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

check_needs() {
    local need missing=()
    for need in "$@"; do
        has_need "$need" || missing+=("$need")
    done
    ((${#missing[@]} == 0)) ||
        die "this system has no apt-get, so install these yourself and start again: ${missing[*]}"
}

# Fails where a tool is there but cannot do the work.
check_tools() {
    local cmake_version
    cmake_version=$(cmake --version | sed -n '1s/[^0-9]*//p')
    printf '3.25\n%s\n' "$cmake_version" | sort -V -C ||
        die "cmake $cmake_version is too old, 3.25 or newer is needed: install a newer one and put it first in PATH"
    python3 -m pip --version >/dev/null 2>&1 ||
        die "$(command -v python3) has no pip, which fetches engine and models: install pip for it, or put /usr/bin first in PATH"
}

# set_up build | test | nightly: installs what that needs, or says what is missing.
set_up() {
    local packages=("${build_packages[@]}") needs=("${build_needs[@]}")
    if [[ $1 != build ]]; then
        packages+=("${test_packages[@]}")
        needs+=("${test_needs[@]}")
    fi
    if [[ $1 == nightly ]]; then
        packages+=(gcovr)
        needs+=(gcovr)
    fi
    if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
        install_packages "${packages[@]}"
    else
        check_needs "${needs[@]}"
    fi
    check_tools
}

# Configures a preset. The first time shows how far the engine is; later ones are quick and quiet.
configure_preset() {
    local log="$root/build/$1/configure.log"
    local configure=(cmake --preset "$1" --log-level=NOTICE -Wno-dev)
    if [[ ! -f $root/build/$1/build.ninja ]]; then
        say "Configuring $1"
        (cd "$root" && "${configure[@]}")
    elif ! (cd "$root" && "${configure[@]}") >"$log"; then
        cat "$log" >&2
        return 1
    fi
}

build_preset() {
    configure_preset "$1" || return
    say "Building $1"
    (cd "$root" && cmake --build --preset "$1")
}
