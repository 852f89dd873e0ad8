#!/usr/bin/env bash
# setup.sh FOLDER: make a virtual environment there, with the locked packages and nothing else. The first time takes a
# minute or two: durable_rules is built from C source. What is missing for that is installed, or named.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/packages.sh
source scripts/python.sh

venv=$1

# The names of what durable_rules needs and this system lacks go to `missing`, Debian's packages to `packages`.
look_for_a_compiler() {
    local version
    version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    missing=() packages=()
    command -v "${CC:-cc}" >/dev/null || { missing+=("a C compiler"); packages+=(build-essential); }
    if ! "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))'; then
        missing+=("the headers of $version"); packages+=("$version-dev")
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        missing+=("the venv module of $version"); packages+=("$version-venv")
    fi
}

# Debian has packages for its own Python alone.
has_packages() {
    [[ "${packages[*]}" != *python* ]] ||
        "$python" -c 'import os, sys; sys.exit(not os.path.realpath(sys.executable).startswith("/usr/bin/"))'
}

find_python
look_for_a_compiler
if [ ${#missing[@]} != 0 ]; then
    printf 'Missing: %s\n' "$(printf '%s, ' "${missing[@]}" | sed 's/, $//')"
    if ! has_packages || ! may_install; then
        echo "Install that first. Debian, Ubuntu: apt-get install ${packages[*]}; macOS: xcode-select --install;" >&2
        echo "a Python of your own building has its headers and venv when it was installed whole." >&2
        exit 1
    fi
    install_packages "durable_rules is built from C source" "${packages[@]}"
fi

echo "Making $venv with $("$python" --version); the first time takes a minute or two"
"$python" -m venv --clear "$venv"
pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
# setuptools comes first, out of the same lock, since durable_rules is built with it.
sed -n '/^setuptools==/,/# via/p' requirements.lock >"$venv/first.lock"
"${pip[@]}" install --require-hashes -r "$venv/first.lock"
"${pip[@]}" install --require-hashes --no-build-isolation --use-pep517 -r requirements.lock
