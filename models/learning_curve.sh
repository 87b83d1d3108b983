#!/usr/bin/env bash
# Compares the learning curve of large cohorts with cohorts that were really simulated at each size.
#
#   models/learning_curve.sh OUT
#
# LARGE cohorts of 400 repertoires of PRESET are evaluated with --learning-curve. Its points 1/8, 1/4 and 1/2 train on as many
# repertoires as 5 folds of 50, 100 and 200 repertoires do. So cohorts of these sizes are simulated with other seeds, SMALL of 50,
# half as many of 100, a quarter of 200, and evaluated. OPTIONS of evaluate and CLONOTYPES say how large the work is; REPERIO
# names the program. Finished evaluations are kept in OUT, so the same command continues where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?expected a folder to write to}
preset=${PRESET:-ldr-0.1} clonotypes=${CLONOTYPES:-2000}
large=${LARGE:-4} small=${SMALL:-32}
reperio=${REPERIO:-target/release/reperio}
read -ra options <<<"${OPTIONS:---parts kmers}"

# Simulates a cohort of so many repertoires from a seed and evaluates it with more options, unless that is done.
one() {
    local repertoires=$1 seed=$2 folder=$out/$1-$2
    shift 2
    [[ -e $folder/evaluation/metrics.json ]] && return
    rm -rf "$folder"
    mkdir -p "$folder"
    "$reperio" simulate --config "configs/simulate/$preset.toml" --repertoires "$repertoires" --clonotypes "$clonotypes" \
        --seed "$seed" --out "$folder/made" --quiet --json >"$folder/simulated.json"
    "$reperio" evaluate --cohort "$folder/made/repertoires" --metadata "$folder/made/metadata.tsv" --target label \
        --folds 5 "${options[@]}" "$@" --out "$folder/evaluation" --quiet --json >"$folder/evaluated.json"
    rm -rf "$folder/made/repertoires" # The same configuration makes the same files again.
}

# Mean AUC of the evaluations of so many repertoires, its standard error and their number.
simulated() {
    sed -nE 's/^  "auc": ([0-9.]+),$/\1/p' "$out/$1"-*/evaluated.json | awk '
        { sum += $1; squares += $1 * $1; n++ }
        END { mean = sum / n; print mean, (n > 1 ? sqrt((squares / n - mean * mean) / (n - 1)) : 0), n }'
}

# The same of one share of the learning curves.
measured() {
    awk -F '\t' -v share="$1" '
        FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["kind"] == "repertoires" && $at["share"] == share { value = $at["value"]; sum += value; squares += value * value; n++ }
        END { mean = sum / n; print mean, (n > 1 ? sqrt((squares / n - mean * mean) / (n - 1)) : 0), n }
    ' "$out"/400-*/evaluation/learning_curve.tsv
}

for ((seed = 1; seed <= small; seed++)); do one 50 $((1000 + seed)); done
for ((seed = 1; seed <= small / 2; seed++)); do one 100 $((2000 + seed)); done
for ((seed = 1; seed <= small / 4; seed++)); do one 200 $((3000 + seed)); done
for ((seed = 1; seed <= large; seed++)); do one 400 "$seed" --learning-curve; done
{
    echo '| trained on | learning curve: AUC (standard error) | cohorts | simulated at this size: AUC (standard error) | cohorts | difference |'
    echo '|---|---|---|---|---|---|'
    for size in 50:0.125 100:0.25 200:0.5 400:1.0; do
        read -r a a_error a_cohorts <<<"$(measured "${size#*:}")"
        read -r b b_error b_cohorts <<<"$(simulated "${size%:*}")"
        awk -v OFS=' | ' "BEGIN { printf \"| %d | %.3f (%.3f) | %d | %.3f (%.3f) | %d | %+.3f |\\n\", ${size%:*} * 0.8, $a, $a_error, $a_cohorts, $b, $b_error, $b_cohorts, $a - $b }"
    done
} | tee "$out/table.md"
