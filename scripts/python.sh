# Sourced by the other scripts: the Python that Tocsin is set up with.

# Sets `python` to the first candidate that runs and fits, or ends with what is missing. PYTHON=/path/to/python is the only
# candidate where it is given. A name on PATH is not enough: it may be a shim that fails.
find_python() {
    local candidates="${PYTHON:-python3.12 python3.11 python3}" candidate
    for candidate in $candidates; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
            python=$candidate
            return
        fi
    done
    echo "Tocsin needs Python 3.11 or 3.12; none of these is one that runs: $candidates" >&2
    echo "Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
}
