# shellcheck shell=bash
# What the scripts beside this directory share; to be sourced. Leaves the shell at the top of the repository, with a
# Swift toolchain in PATH where there is one in a usual place.

script=$(readlink -f "$0")
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

if ! command -v swift >/dev/null; then
    for directory in /opt/swift/usr/bin /opt/swift/bin /usr/local/swift/usr/bin "${HOME:-/root}/.local/share/swiftly/bin"; do
        if [[ -x $directory/swift ]]; then
            PATH=$directory:$PATH
            break
        fi
    done
fi

step() { printf '==> %s\n' "$*" >&2; }

fail() {
    printf '%s: %s\n' "${script##*/}" "$*" >&2
    exit 1
}

# The comment at the top of the script, as its help.
usage() {
    sed -n '2,/^$/ { /^#/ !q; s/^# \{0,1\}//p }' "$script"
    exit 0
}

# need_value OPTION COUNT: refuses an option without its value.
need_value() {
    (($2 >= 2)) || fail "$1 needs a value; see --help"
}

# need_number OPTION VALUE: refuses what is no positive whole number.
need_number() {
    [[ $2 =~ ^[1-9][0-9]{0,17}$ ]] || fail "$1: expected a positive whole number, found \"$2\""
}

need_swift() {
    command -v swift >/dev/null || fail "no Swift toolchain in PATH or /opt/swift: https://www.swift.org/install/linux/"
}
