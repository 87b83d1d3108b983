#!/usr/bin/env bash
# The description of the API is valid, and a client that a public generator makes from it scores a file as the command line does.
#   REPERIO=target/release/reperio crates/reperio-server/tests/openapi/run.sh
# Skipped with a line where REPERIO is not set. Takes its packages from PyPI, into target/openapi.
set -euo pipefail
if [[ -z ${REPERIO:-} ]]; then
    echo "skipped: REPERIO does not name the program"
    exit 0
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "$REPERIO")
root=$(cd "$here/../../../.." && pwd)
venv=$root/target/openapi
[[ -x $venv/bin/openapi-python-client ]] || python3 -m venv "$venv"
"$venv/bin/pip" --quiet --disable-pip-version-check install -r "$here/requirements.txt"
PATH=$venv/bin:$PATH REPERIO=$program exec "$venv/bin/python" "$here/generated_client.py"
