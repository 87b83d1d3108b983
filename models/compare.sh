#!/usr/bin/env bash
# Runs every method on every simulation preset, for the tables of models/comparison.md.
#
#   models/compare.sh OUT [PRESET...]
#
# Presets are scaled to REPERTOIRES of at most CLONOTYPES; FOLDS, UPDATES (of the DeepRC preset) and
# METHODS (separated by commas) say how much is done. REPERIO names the program. Finished presets and folds are kept in OUT, so
# the same command continues where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?expected a folder to write to}
shift
clonotypes=${CLONOTYPES:-5000} repertoires=${REPERTOIRES:-200}
folds=${FOLDS:-3} updates=${UPDATES:-1000}
reperio=${REPERIO:-target/release/reperio}
methods=()
[[ -n ${METHODS:-} ]] && methods=(--methods "$METHODS")
presets=("$@")
if ((${#presets[@]} == 0)); then
    presets=(
        ldr-1 ldr-0.1 three-motifs-1 three-motifs-0.1 sfen-0.1 sfden-0.1
        lstm-10 lstm-1 lstm-0.5 lstm-0.1 lstm-0.05 szzn-0.1
        public-clones-100 public-clones-20 public-clones-5
        shared-patterns-100 shared-patterns-20 shared-patterns-5
        szdzn-0.1 sfen-0.01 sfden-0.01 szzn-0.01 szdzn-0.01
        null depth-confounded batch-confounded
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
        --out "$folder/comparison" "${methods[@]}" "${resume[@]}" --json >"$folder/compared.json"
    rm -rf "$folder/made/repertoires" # The same configuration makes the same files again.
}

# Markdown tables of one column of compare.tsv: a row a method, a column a preset, six presets a table.
# The best of the methods that are not told what was implanted is bold if it is above $2.
tables() {
    local column=$1 least=$2 preset
    shift 2
    local files=()
    for preset in "$@"; do
        [[ -e $out/$preset/comparison/compare.tsv ]] && files+=("$out/$preset/comparison/compare.tsv")
    done
    ((${#files[@]} == 0)) && return
    awk -F '\t' -v column="$column" -v least="$least" '
        FNR == 1 {
            for (i = 1; i <= NF; i++) if ($i == column) at = i
            n = split(FILENAME, path, "/"); preset = path[n - 2]; order[++presets] = preset; next
        }
        !($1 in seen) { seen[$1] = 1; methods[++m] = $1 }
        $at != "" {
            value[preset, $1] = sprintf("%.3f", $at); filled[$1] = 1
            rival = $1 != "known-motif" && $1 != "reperio-permuted"
            if (rival && value[preset, $1] > best[preset]) best[preset] = value[preset, $1]
        }
        END {
            for (first = 1; first <= presets; first += 6) {
                line = "| |"; rule = "|---|"
                for (i = first; i < first + 6 && i <= presets; i++) { line = line " " order[i] " |"; rule = rule "---|" }
                print line; print rule
                for (j = 1; j <= m; j++) if (methods[j] in filled) {
                    line = "| " methods[j] " |"
                    rival = methods[j] != "known-motif" && methods[j] != "reperio-permuted"
                    for (i = first; i < first + 6 && i <= presets; i++) {
                        cell = value[order[i], methods[j]]
                        if (rival && cell > least && cell == best[order[i]]) cell = "**" cell "**"
                        line = line " " cell " |"
                    }
                    print line
                }
                print ""
            }
        }' "${files[@]}"
}

for preset in "${presets[@]}"; do
    one "$preset"
    echo "$preset done after $SECONDS s" >&2
done
signals=() controls=()
for preset in "${presets[@]}"; do
    case $preset in
    null | *-confounded) controls+=("$preset") ;;
    *) signals+=("$preset") ;;
    esac
done
{
    printf '## Pooled AUC\n\n'
    tables auc 0.6 "${signals[@]}"
    printf '## Implanted sequences found\n\n'
    tables recovery_ap 0.05 "${signals[@]}"
    printf '## Controls\n\n'
    tables auc 1 "${controls[@]}"
} >"$out/tables.md"
cat "$out/tables.md"
