#!/usr/bin/env bash
# Tests and measures Reperio on this machine's GPU with what build.sh packed, in under eight minutes; prints one table.
# run.sh [--small] [FOLDER]: logs go to FOLDER, ./results unless given. --small is for an emulated GPU.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Sequences of a repertoire and repertoires of the epoch; then those beside PyTorch; then of the cohort to score.
bench=(1000000 785)
yardstick=(--repertoires 4 --sequences 250000)
cohort=(--repertoires 100 --clonotypes 10000)
compared=cuda:0
if [[ ${1:-} == --small ]]; then
    bench=(200 3)
    yardstick=(--repertoires 2 --sequences 300 --turns 1)
    cohort=(--repertoires 4 --clonotypes 300)
    compared=cpu # PyTorch does not run on an emulated GPU.
    shift
fi
results=$(realpath -m "${1:-results}")
mkdir -p "$results"
rm -f "$results"/*
cd "$results" || exit 1
failed=0

# Adds a row to the table.
row() { printf '%s\t%s\n' "$1" "$2" >>table.tsv; }

# Runs a command for at most $2 seconds and until the eight minutes are over; its output goes to $1.log.
attempt() {
    local name=$1 limit=$2 left=$((470 - SECONDS))
    shift 2
    if ((left < limit)); then limit=$((left > 1 ? left : 1)); fi
    echo "-- $name" >&2
    timeout -k 5 "$limit" "$@" >"$name.log" 2>&1
}

# Why the last attempt, $1, failed with status $2.
reason() {
    if (($2 == 124 || $2 == 137)); then
        echo "FAILED: out of time"
    else
        echo "FAILED: $(grep -v '^ *$' "$1.log" | tail -n 1)"
    fi
}

# Adds a row for the failure of $1 with status $2.
fail() {
    row "$1" "$(reason "$1" "$2")"
    failed=1
}

machine() {
    row GPU "$(nvidia-smi --query-gpu=name,driver_version,clocks.max.sm --format=csv,noheader 2>/dev/null ||
        "$here/reperio" devices | grep '^cuda:0' || echo none)"
    row PyTorch "$(python3 -c 'import torch; print(torch.__version__)' 2>/dev/null || echo none)"
    row processors "$(nproc), load $(cut -d ' ' -f 1 /proc/loadavg) before"
}

# Every random bag on the GPU against the CPU, and against its own repetition.
correctness() {
    attempt correctness 150 "$here/cuda-test" --nocapture
    local status=$?
    if grep -q 'skipped:' correctness.log; then
        row correctness "FAILED: $(grep -m 1 'skipped:' correctness.log)"
        failed=1
    elif ((status)); then
        fail correctness "$status"
    else
        row correctness "$(grep -o 'ok\. [0-9]* passed.*finished.*' correctness.log)"
    fi
}

# What only NVIDIA's checker sees, on tests that run every large kernel. racecheck, the slowest by far, comes last and runs one.
sanitizer() {
    local tool limit tests
    for tool in memcheck initcheck racecheck; do
        limit=45 tests=(too_little_memory a_bag_alone)
        [[ $tool == racecheck ]] && limit=200 tests=(too_little_memory)
        if ! command -v compute-sanitizer >/dev/null; then
            row "$tool" "skipped: no compute-sanitizer"
            continue
        fi
        attempt "$tool" "$limit" compute-sanitizer --tool "$tool" --error-exitcode 9 "$here/cuda-test" "${tests[@]}"
        local status=$?
        if grep -q 'Device not supported' "$tool.log"; then
            row "$tool" "skipped: compute-sanitizer does not support this device"
        elif ((status)); then
            fail "$tool" "$status"
        else
            row "$tool" "$(grep SUMMARY "$tool.log" | tail -n 1 | sed 's/^=* *//')"
        fi
    done
}

# Sequences a second by the GPU's events, beside the counted ceiling; an epoch of a large cohort.
speed() {
    attempt speed 150 "$here/cuda-bench" "${bench[@]}"
    local status=$?
    while IFS= read -r line; do
        row "$(cut -c 1-38 <<<"$line" | tr -s ' ')" "$(cut -c 39- <<<"$line" | sed 's/^ *//')"
    done < <(grep 'M/s' speed.log)
    if ((status)) || grep -q 'skipped:' speed.log; then fail speed "$status"; fi
}

# The same network in PyTorch on the same GPU.
pytorch() {
    if ! python3 -c 'import torch, safetensors' 2>/dev/null; then
        row "beside PyTorch" "skipped: no PyTorch with safetensors"
        return
    fi
    attempt pytorch 180 "$here/reperio" --quiet bench --device "$compared" --yardstick python3 \
        "${yardstick[@]}"
    local status=$?
    if ((status)); then
        fail pytorch "$status"
    else
        while IFS= read -r line; do row "beside PyTorch" "$line"; done < <(grep -v '^$' pytorch.log)
    fi
}

# Whole commands, with reading and writing.
score() {
    attempt simulate 60 "$here/reperio" --quiet simulate "${cohort[@]}" --motif WNDR --seed 1 --out made || {
        fail simulate $?
        return
    }
    local device start
    for device in cpu cuda:0; do
        start=${EPOCHREALTIME/./}
        attempt "score-$device" 60 "$here/reperio" --quiet score --device "$device" \
            --model "$here/demo.safetensors" made/repertoires --out "$device.tsv" || {
            fail "score-$device" $?
            return
        }
        row "score on $device" "$(((${EPOCHREALTIME/./} - start) / 1000)) ms for ${cohort[1]} x ${cohort[3]}"
    done
    attempt logits 10 awk -f "$here/logits.awk" cpu.tsv cuda:0.tsv || failed=1
    row "score on cuda:0 and cpu" "$(cat logits.log)"
}

machine
correctness
score
speed
pytorch
sanitizer
row "this run" "$SECONDS s"
awk -F '\t' '{ printf "%-38s  %s\n", $1, $2 }' table.tsv
exit "$failed"
