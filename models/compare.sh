#!/usr/bin/env bash
# Every method on every simulation preset: the table of models/comparison.md.
#
#   models/compare.sh OUT [PRESET...]
#
# Presets are scaled to REPERTOIRES of at most CLONOTYPES; FOLDS and UPDATES (of the DeepRC preset)
# say how much is done, REPERIO names the program. Finished presets and folds are kept in OUT: the same
# command goes on where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?expected a folder to write to}
shift
clonotypes=${CLONOTYPES:-5000} repertoires=${REPERTOIRES:-200}
folds=${FOLDS:-5} updates=${UPDATES:-1000}
reperio=${REPERIO:-target/release/reperio}
presets=("$@")
if ((${#presets[@]} == 0)); then
    presets=(
        ldr-1 ldr-0.1 three-motifs-1 three-motifs-0.1
        public-clones-100 shared-patterns-100 null depth-confounded batch-confounded
        lstm-10 lstm-1 lstm-0.5 lstm-0.1 lstm-0.05
        sfen-0.1 sfen-0.01 sfden-0.1 sfden-0.01 szzn-0.1 szzn-0.01 szdzn-0.1 szdzn-0.01
        public-clones-20 public-clones-5 shared-patterns-20 shared-patterns-5
    )
fi

# The number at the start of a line `KEY = NUMBER` of a preset; nothing if there is none.
number() {
    sed -nE "s/^$1 = ([0-9]+)$/\1/p" "configs/simulate/$2.toml"
}

# Simulates and compares one preset, unless that is done.
one() {
    local preset=$1 folder=$out/$1 resume=()
    [[ -e $folder/comparison/compare.html ]] && return
    mkdir -p "$folder"
    if [[ ! -e $folder/made/simulation.toml || ! -d $folder/made/repertoires ]]; then
        local size=() published
        published=$(number clonotypes "$preset")
        ((${published:-0} > clonotypes)) && size=(--clonotypes "$clonotypes")
        "$reperio" simulate --config "configs/simulate/$preset.toml" "${size[@]}" --json \
            --scale "$(awk "BEGIN { s = $repertoires / $(number repertoires "$preset"); print (s > 1 ? 1 : s) }")" \
            --out "$folder/made" >"$folder/simulated.json"
    fi
    [[ -e $folder/comparison/config.toml ]] && resume=(--resume)
    "$reperio" compare --cohort "$folder/made/repertoires" --metadata "$folder/made/metadata.tsv" \
        --target label --simulated "$folder/made" --folds "$folds" --deeprc-updates "$updates" \
        --out "$folder/comparison" "${resume[@]}" --json >"$folder/compared.json"
    rm -rf "$folder/made/repertoires" # The same configuration makes the same files again.
}

# A Markdown table of one column of compare.tsv: a row a preset, a column a method.
table() {
    local column=$1 preset
    local files=()
    for preset in "${presets[@]}"; do
        [[ -e $out/$preset/comparison/compare.tsv ]] && files+=("$out/$preset/comparison/compare.tsv")
    done
    awk -F '\t' -v column="$column" '
        FNR == 1 {
            for (i = 1; i <= NF; i++) if ($i == column) at = i
            n = split(FILENAME, path, "/"); preset = path[n - 2]; order[++presets] = preset; next
        }
        {
            if (!($1 in seen)) { seen[$1] = 1; methods[++m] = $1 }
            value[preset, $1] = $at == "" ? "" : sprintf("%.3f", $at)
        }
        END {
            line = "| preset |"; rule = "|---|"
            for (j = 1; j <= m; j++) { line = line " " methods[j] " |"; rule = rule "---|" }
            print line; print rule
            for (i = 1; i <= presets; i++) {
                line = "| " order[i] " |"
                for (j = 1; j <= m; j++) line = line " " value[order[i], methods[j]] " |"
                print line
            }
        }' "${files[@]}"
}

for preset in "${presets[@]}"; do
    one "$preset"
    echo "$preset done after $SECONDS s" >&2
done
{
    echo "About $repertoires repertoires of at most $clonotypes clonotypes, $folds folds, DeepRC with $updates updates."
    printf '\nPooled AUC:\n\n'
    table auc
    printf '\nAverage precision of the implanted sequences by evidence:\n\n'
    table recovery_ap
    printf '\nSeconds to fit one fold:\n\n'
    table fit_seconds
} >"$out/tables.md"
cat "$out/tables.md"
