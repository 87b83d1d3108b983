#!/usr/bin/env bash
# Makes the picture of a patient's page that README shows, from the tiny cohort.
# make.sh [REPERIO]: target/release/reperio unless given. Needs Chromium.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
reperio=$(realpath "${1:-target/release/reperio}")
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$reperio" --quiet train --cohort datasets/tiny/repertoires --metadata datasets/tiny/metadata.tsv --target label \
    --parts kmers,genes --out "$made/run" >"$made/said"
"$reperio" --quiet explain --model "$made/run" datasets/tiny/repertoires/sim01.tsv.gz --top 12 --out "$made/why" >"$made/said"
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-prefers-reduced-motion --window-size=720,900 \
    --screenshot="$PWD/crates/reperio-report/pictures/patient.png" "file://$made/why/report.html" 2>"$made/log"
