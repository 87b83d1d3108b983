#!/usr/bin/env bash
# What --adjust does on cohorts in which age goes with the label and with the repertoires.
#
#   models/adjust.sh OUT
#
# For each of SEEDS, `age-confounded` is simulated twice: as it is, and with ages that do not depend on the label. Each is
# evaluated with OPTIONS of evaluate; the first also adjusted for age, and with labels that are permuted among people of like age,
# with and without adjustment. REPERIO names the program. Finished evaluations are kept in OUT.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?expected a folder to write to}
reperio=${REPERIO:-target/release/reperio}
read -ra seeds <<<"${SEEDS:-1 2 3}"
read -ra options <<<"${OPTIONS:---parts kmers,clones,genes}"
control=(--permute-labels --permute-within age)

# Evaluates the cohort $1 as $2 with more options, unless that is done.
one() {
    local cohort=$1 name=$2
    shift 2
    [[ -e $cohort/$name/metrics.json ]] && return
    "$reperio" evaluate --cohort "$cohort/made/repertoires" --metadata "$cohort/made/metadata.tsv" --target label \
        "${options[@]}" "$@" --out "$cohort/$name" --overwrite --quiet --json >"$cohort/$name.json"
}

# The AUC of the evaluation $1 of every seed, with its interval.
row() {
    local path=$1 line="| $2 |" seed
    for seed in "${seeds[@]}"; do
        line+=$(python3 -c '
import json, sys
found = json.load(open(sys.argv[1]))
print(f" {found['"'auc'"']:.3f} ({found['"'auc_ci'"'][0]:.3f}-{found['"'auc_ci'"'][1]:.3f}) |")' "$out/${path/SEED/$seed}.json")
    done
    echo "$line"
}

for seed in "${seeds[@]}"; do
    for difference in 15 0; do
        cohort=$out/$difference-$seed
        if [[ ! -e $cohort/made/metadata.tsv ]]; then
            mkdir -p "$cohort"
            sed "s/^age = .*/age = { difference = $difference }/" configs/simulate/age-confounded.toml >"$cohort/config.toml"
            "$reperio" simulate --config "$cohort/config.toml" --seed "$seed" --out "$cohort/made" --quiet >/dev/null
        fi
        one "$cohort" plain
    done
    one "$out/15-$seed" adjusted --adjust age
    one "$out/15-$seed" control "${control[@]}"
    one "$out/15-$seed" adjusted-control --adjust age "${control[@]}"
done
{
    echo "| AUC by seed | ${seeds[*]} |" | sed 's/\([0-9]\) \([0-9]\)/\1 | \2/g; s/\([0-9]\) \([0-9]\)/\1 | \2/g'
    echo "|---|$(printf -- '---|%.0s' "${seeds[@]}")"
    row 0-SEED/plain "ages do not depend on the label"
    row 15-SEED/plain "positives are 15 years older"
    row 15-SEED/adjusted "the same, \`--adjust age\`"
    row 15-SEED/control "permuted within age"
    row 15-SEED/adjusted-control "the same, \`--adjust age\`"
} | tee "$out/table.md"
