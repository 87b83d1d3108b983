#!/usr/bin/env bash
# Tests the CUDA kernels without a GPU: builds the emulated driver, runs tests/cuda.rs on it, then the
# program on it and on the CPU, then the pack for a machine with a GPU. run.sh [FOLDER]: where libcuda.so.1 is built, to stay; else it is temporary.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
folder=$(realpath -m "${1:-$work/driver}")
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() {
    echo "emulator: $1" >&2
    exit 1
}

# Products and sums are contracted nowhere, as in ptx.sh. The sanitizer finds unaligned quads, which a GPU
# refuses. The second name is the one that is looked for first.
build() {
    mkdir -p "$folder"
    c++ -std=c++17 -O2 -g -march=native -ffp-contract=off -fno-strict-aliasing -U_FORTIFY_SOURCE \
        -fsanitize=alignment,bounds,null,shift,signed-integer-overflow -fno-sanitize-recover=all \
        -Wall -Wextra -Werror -Wno-unknown-pragmas -Wno-sign-compare \
        -I ../../src/cuda/kernels -fPIC -shared -o "$folder/libcuda.so.1" ./*.cpp
    ln -sf libcuda.so.1 "$folder/libcuda.so"
}

# The command with the emulated driver in place of the system's.
emulated() { LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$@"; }

# tests/cuda.rs, its threads in the order $1 and with $2 bytes of shared memory a block.
compare_kernels() {
    echo "-- order $1, $2 bytes of shared memory"
    export REPERIO_EMULATOR_ORDER=$1 REPERIO_EMULATOR_SHARED=$2
    emulated cargo test --release --locked --workspace --test cuda -- --nocapture 2>&1 | tee "$work/log"
    if grep -q "skipped:" "$work/log"; then fail "the tests found no GPU"; fi
    grep -Eq '^test result: ok\. [1-9]' "$work/log" || fail "no tests ran"
}

# The program, which has a GPU prove itself before it scores.
compare_program() {
    reperio() { emulated cargo run --release --locked --quiet -- "$@"; }
    cd ../../../..
    reperio devices | tee "$work/devices"
    grep -q "^cuda:0 .*Emulated GPU" "$work/devices" || fail "the program found no emulated GPU"
    for device in cpu cuda:0; do
        reperio score --device "$device" --model models/demo.safetensors datasets/tiny/repertoires \
            --out "$work/$device.tsv" >/dev/null
    done
    awk -f gpu-pack/logits.awk "$work/cpu.tsv" "$work/cuda:0.tsv" || fail "the scores differ"
}

# What gpu-pack/ sends to a machine with a GPU, built and run.
try_pack() {
    PROFILE=release gpu-pack/build.sh "$work/pack"
    emulated "$work/pack/run.sh" --small "$work/results"
}

build
# An H100's shared memory, and an RTX 3090's.
compare_kernels forward 232448
compare_kernels random 101376
compare_program
try_pack
