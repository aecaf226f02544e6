#!/bin/sh
# Prints the first Python of 3.11 or later that can make a virtual environment; says what to do where there is none.
for candidate in "${PYTHON:-}" python3 python python3.11 python3.12 python3.13 python3.14; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$candidate"
        exit 0
    fi
done
echo "No Python of 3.11 or later was found. Install one, or name it: make run PYTHON=/path/to/python3" >&2
exit 1
