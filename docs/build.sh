#!/usr/bin/env bash
# Builds the documentation site: docs/build.sh VENV_PYTHON OUT [--strict]
#
# VENV_PYTHON is a Python with the package reperio and docs/requirements.txt. OUT becomes the site, a folder that opens
# from disk. Commands on the pages and tutorials are run on the way; with --strict, a warning of MkDocs is an error too.
set -euo pipefail

if [ $# -lt 2 ]; then
    sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
docs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$1
out=$(realpath -m "$2")
shift 2

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
"$python" "$docs/generate.py" "$stage/pages"
# Not --quiet: with it, --strict counts no warnings.
REPERIO_PAGES=$stage/pages NO_MKDOCS_2_WARNING=true \
    "$python" -m mkdocs build --config-file "$docs/mkdocs.yml" --site-dir "$out" "$@"
rm "$out/404.html" # It would look for its style at the root of a server.
"$python" "$docs/staging/offline.py" "$out"
