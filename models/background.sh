#!/bin/sh
# What a background of strangers changes: `reperio evaluate` on a new cohort with and without --background.
#
#     models/background.sh FOLDER
#
# `local`: clonotypes that 80 % of the positive and 30 % of the negative repertoires of the training cohort carry some of, as in a batch, half of
# the strangers and half of the new cohort, whatever their label; beside the disease's. The other rows are presets without such clonotypes: there
# the figures should hardly move.
set -eu
out=$1
reperio=${REPERIO:-target/release/reperio}
mkdir -p "$out"

signal() { printf '[[signals]]\nname = "%s"\nwitness_number = %s\nshare_of_positives = %s\nshare_of_negatives = %s\n' "$@"; }
simulate() { [ -f "$2/simulation.toml" ] || "$reperio" simulate --config "$1" --clonotypes 2000 --repertoires "$3" --seed "$4" --out "$2" > "$out/log"; }

cohorts() { # NAME TRAINING STRANGERS NEW: config files
    simulate "$2" "$out/$1/training" 160 1
    simulate "$3" "$out/$1/strangers" 200 2
    simulate "$4" "$out/$1/new" 160 3
    for with in without with; do
        set -- "$1" "$with"
        run="$out/$1/$with"
        background=""
        [ "$with" = with ] && background="--background $out/$1/strangers/repertoires"
        "$reperio" train --cohort "$out/$1/training/repertoires" --metadata "$out/$1/training/metadata.tsv" --target label \
            --parts kmers,clones,genes $background --out "$run" --overwrite > "$run.log" 2>&1
        "$reperio" evaluate --model "$run" --cohort "$out/$1/new/repertoires" --metadata "$out/$1/new/metadata.tsv" \
            --out "$run-new" --overwrite --json > "$run.json" 2> "$run.log"
        auc=$(sed -n 's/^ *"auc": \([0-9.]*\).*/\1/p' "$run.json" | head -1)
        printf '%s\t%s\t%.3f\n' "$1" "$with" "$auc"
    done
}

pools='pools = { disease = 20, local = 20 }'
mkdir -p "$out/local"
{ echo "$pools"; signal disease 5 0.6 0; signal local 10 0.8 0.3; } > "$out/local/training.toml"
simulate "$out/local/training.toml" "$out/local/training" 160 1
# The pools of the training cohort, drawn once.
awk '/^\[pool_clonotypes\]/ { on = 1; print; next } /^\[/ { on = 0 } on' "$out/local/training/simulation.toml" > "$out/local/pools"
{ echo "$pools"; cat "$out/local/pools"; signal disease 5 0 0; signal local 10 0.5 0.5; } > "$out/local/strangers.toml"
{ echo "$pools"; cat "$out/local/pools"; signal disease 5 0.6 0; signal local 10 0.5 0.5; } > "$out/local/new.toml"
printf 'cohort\tbackground\tAUC on a new cohort\n'
cohorts local "$out/local/training.toml" "$out/local/strangers.toml" "$out/local/new.toml"
for preset in ldr-1 three-motifs-1 null; do
    cohorts $preset configs/simulate/$preset.toml configs/simulate/null.toml configs/simulate/$preset.toml
done
