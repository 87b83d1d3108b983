#!/usr/bin/env bash
# Fuzzes targets one after another and prints a table of what was run.
#
#   fuzz/run.sh EXECUTIONS [TARGET...]
#
# Needs cargo-fuzz. What libFuzzer keeps goes to $CORPUS, what fails to $ARTIFACTS (default: folders in target/fuzz).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
crate=$(dirname "$here")
workspace=$(cd "$crate/../.." && pwd)
executions=${1:?how many executions a target}
shift
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$workspace/target/fuzz}
corpus=${CORPUS:-$CARGO_TARGET_DIR/corpus}
artifacts=${ARTIFACTS:-$CARGO_TARGET_DIR/artifacts}

# The dependencies are those of the workspace, and the stable compiler is told to take what cargo-fuzz asks of it.
cp "$workspace/Cargo.lock" "$here/Cargo.lock"
RUSTC_BOOTSTRAP=1 RUSTC_WRAPPER=$here/rustc.sh cargo fuzz build -O --sanitizer none --no-cfg-fuzzing \
    --codegen-units 16 --fuzz-dir "$here" reperio >&2
program=$CARGO_TARGET_DIR/x86_64-unknown-linux-gnu/release/reperio

if (($# == 0)); then
    mapfile -t targets < <(ls "$crate/corpus")
    set -- "${targets[@]}"
fi

# What the targets write goes into memory.
memory=$(mktemp -d -p "$([[ -d /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
trap 'rm -rf "$memory"' EXIT

# The words of a target: its own, or those of tables.
dictionary() {
    case $1 in
        compressed | model | checkpoint | store-cohort | store-repertoire) ;;
        *) if [[ -e $here/dictionaries/$1.dict ]]; then
            echo "-dict=$here/dictionaries/$1.dict"
        else
            echo "-dict=$here/dictionaries/tables.dict"
        fi ;;
    esac
}

# Files in a folder.
count() { find "$1" -type f | wc -l; }

printf '%-18s %10s %8s %8s %8s %8s\n' target executions seconds "a second" new failures
for target in "$@"; do
    mkdir -p "$corpus/$target" "$artifacts/$target"
    seeds=("$crate/corpus/$target")
    [[ -d $crate/found/$target ]] && seeds+=("$crate/found/$target")
    before=$(count "$corpus/$target")
    failed=$(count "$artifacts/$target")
    start=$EPOCHREALTIME
    log=$artifacts/$target.log
    words=$(dictionary "$target")
    TMPDIR=$memory REPERIO_FUZZ_TARGET=$target RAYON_NUM_THREADS=1 POLARS_MAX_THREADS=1 "$program" \
        -runs="$executions" -max_len="${MAX_LEN:-8192}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$artifacts/$target/" ${words:+"$words"} "$corpus/$target" "${seeds[@]}" \
        >"$log" 2>&1 || true
    rm -rf "${memory:?}"/*
    seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.0f", b - a + 0.5 }')
    done_=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    printf '%-18s %10s %8s %8s %8s %8s\n' "$target" "${done_:-0}" "$seconds" "$((${done_:-0} / seconds))" \
        "$(($(count "$corpus/$target") - before))" "$(($(count "$artifacts/$target") - failed))"
done
