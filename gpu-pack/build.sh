#!/usr/bin/env bash
# Packs what a machine with a GPU needs to test and measure Reperio: no Rust, no compiler, no network.
# build.sh [FOLDER]: target/gpu-pack unless given. PROFILE=release uses what is built already; the default is dist.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-target/gpu-pack}
profile=${PROFILE:-dist}
limit_mb=60

# The path of the program of kind $1 and name $2, from cargo's messages on standard input.
program() {
    sed -n "/\"reason\":\"compiler-artifact\"/s/.*\"kind\":\[\"$1\"\][^}]*\"name\":\"$2\".*\"executable\":\"\([^\"]*\)\".*/\1/p"
}

# Copies the program of kind $1 and name $2 to $3, without symbols.
pack() {
    local path
    path=$(program "$1" "$2" <<<"$built")
    [[ -n $path ]] || { echo "cargo built no $1 $2" >&2; exit 1; }
    strip --strip-all -o "$folder/$3" "$path"
}

built=$(cargo build --profile "$profile" --locked --workspace --bin reperio --test cuda --bench cuda \
    --message-format json-render-diagnostics)
rm -rf "$folder"
mkdir -p "$folder"
folder=$(realpath "$folder")
pack bin reperio reperio
pack test cuda cuda-test
pack bench cuda cuda-bench
cp gpu-pack/run.sh gpu-pack/logits.awk models/demo.safetensors "$folder"
# The yardsticks, with the fixture that their self-test reads.
cd crates/reperio-model
cp --parents benches/yardstick/*.py tests/fixtures/deeprc.{json,safetensors} "$folder"

du -ah "$folder" | sort -k 2
size_mb=$(du -sm "$folder" | cut -f 1)
[[ $profile != dist ]] || ((size_mb <= limit_mb)) || { echo "the pack has $size_mb MB, expected at most $limit_mb" >&2; exit 1; }
