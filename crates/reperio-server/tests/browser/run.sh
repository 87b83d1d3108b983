#!/usr/bin/env bash
# The page in a real Chromium, against the real program: `REPERIO=target/release/reperio run.sh [PYTEST OPTIONS]`. Skipped where
# there is no Chromium, or no PyPI to take Playwright from. REPERIO_SHOTS=FOLDER keeps screenshots.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(realpath "$here/../../../..")
target=${CARGO_TARGET_DIR:-$root/target}
export REPERIO
REPERIO=$(realpath "${REPERIO:-$target/release/reperio}")
[[ -x $REPERIO ]] || { echo "no program at $REPERIO: cargo build --release" >&2; exit 1; }

CHROMIUM=${CHROMIUM:-$(command -v chromium chromium-browser google-chrome | head -n 1 || true)}
[[ -n $CHROMIUM ]] || { echo "skipped: no Chromium"; exit 0; }
export CHROMIUM

venv=$target/browser-tests
if ! "$venv/bin/python" -c 'import playwright, pytest' 2>/dev/null; then
    python3 -m venv --clear "$venv" || { echo "skipped: no Python with venv"; exit 0; }
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'pytest>=8,<10' 'playwright>=1.50,<2' ||
        { echo "skipped: no PyPI"; rm -rf "$venv"; exit 0; }
fi
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider --rootdir "$here" "$here" "$@"
