#!/usr/bin/env bash
# Measures what pre-training gives: networks from a base against networks from random numbers, on the same repertoires.
#
#   models/pretraining.sh OUT TCRDB CELLS
#
# TCRDB is a folder of TCRdb tables without labels, CELLS one with metadata.tsv (repertoire_id, subject_id, cell_subset) and
# repertoires/. A base is pre-trained on TCRDB, another on a simulated cohort whose labels are not used. Then SEEDS times: so many
# repertoires of CELLS or of a new simulated cohort keep their labels, a model learns from them, from the base and
# from random numbers, and scores the same donors or repertoires that none of them has seen. ROWS is the depth of CELLS.
# VARIANTS are those to measure: the `network` alone, `all` parts, or the `plain` network without discovery; REPERIO names the program. What is finished is kept in OUT, so the same command continues
# where it stopped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?expected a folder to write to} tcrdb=${2:?expected a folder of TCRdb tables} cells=${3:?expected a folder of CD4 and CD8 repertoires}
variants=${VARIANTS:-network all} seeds=${SEEDS:-3}
rows=${ROWS:-2000} clonotypes=${CLONOTYPES:-2000} epochs=${EPOCHS:-20}
reperio=${REPERIO:-target/release/reperio}
mkdir -p "$out"

# Pre-trains a base on some repertoires, unless that is done.
base() {
    local name=$1
    shift
    [[ -e $out/$name/base.safetensors ]] && return
    printf '[pretraining]\nsequences_per_view = %d\n' "$rows" >"$out/pretraining.toml"
    "$reperio" pretrain "$@" --config "$out/pretraining.toml" --epochs "$epochs" --out "$out/$name" --overwrite \
        --quiet --json >"$out/$name.json"
}

# Simulates so many repertoires from a seed, unless that is done.
simulate() {
    local folder=$1 repertoires=$2 seed=$3
    [[ -e $folder/metadata.tsv ]] && return
    rm -rf "$folder"
    "$reperio" simulate --config configs/simulate/ldr-0.1.toml --repertoires "$repertoires" --clonotypes "$clonotypes" \
        --seed "$seed" --out "$folder" --quiet --json >/dev/null
}

# Lines "KEY NAME" in an order that depends on the seed $1 and the names alone.
shuffled() {
    local seed=$1 name
    while read -r name; do
        printf '%s %s\n' "$(printf '%s/%s' "$seed" "$name" | cksum | cut -d ' ' -f 1)" "$name"
    done | sort -n | awk '{ print $2 }'
}

# Evaluates on the repertoires of a split, from a base and from random numbers: with all parts, the network alone, and the network
# alone without discovery.
both() {
    local cohort=$1 seed=$2 n=$3 from=$4 parts start more
    shift 4
    printf '[discovery]\nmotifs = false\ngenes = false\n' >"$out/plain.toml"
    for parts in $variants; do
        for start in scratch base; do
            local folder=$out/results/$cohort/$n/$parts/$start/$seed
            [[ -e $folder/evaluated.json ]] && continue
            rm -rf "$folder"
            mkdir -p "$folder"
            more=(--seed "$seed")
            [[ $parts != all ]] && more+=(--parts network)
            [[ $parts == plain ]] && more+=(--config "$out/plain.toml")
            [[ $start == base ]] && more+=(--from "$from")
            "$reperio" evaluate "$@" "${more[@]}" --no-report --out "$folder/evaluation" --quiet --json >"$folder/running.json"
            rm -rf "$folder/evaluation/checkpoint"
            mv "$folder/running.json" "$folder/evaluated.json"
        done
    done
}

# CD4 against CD8: the last 6 donors of an order are tested. Of the first 8, so many repertoires are learned from: CD4 and CD8 of
# the first week of each, then of the second, then of the third.
cells() {
    local seed=$1 n folder=$out/cells-$1
    mkdir -p "$folder"
    tail -n +2 "$cells/metadata.tsv" | cut -f 3 | sort -u | shuffled "$seed" >"$folder/donors"
    for n in 12 24 48; do
        awk -F '\t' -v OFS='\t' -v n="$n" -v folds="$folder/splits-$n.tsv" '
            FNR == NR { rank[$1] = FNR; next }
            FNR == 1 { print "repertoire_id", "subject_id", "cell_subset"; print "repertoire_id", "fold" >folds; next }
            { week = weeks[$3, $5]++; learned = rank[$3] <= 8 && week * 16 + rank[$3] * 2 <= n }
            learned || rank[$3] > 8 { print $1, $3, $5; print $1, (learned ? "" : 0) >folds }
        ' "$folder/donors" "$cells/metadata.tsv" >"$folder/labels-$n.tsv"
        mkdir -p "$folder/files-$n"
        tail -n +2 "$folder/labels-$n.tsv" | cut -f 1 | while read -r id; do
            ln -sf "$(realpath "$cells")/repertoires/$id.tsv.gz" "$folder/files-$n/"
        done
        both cells "$seed" "$n" "$out/base-tcrdb" --cohort "$folder/files-$n" --metadata "$folder/labels-$n.tsv" \
            --target cell_subset --positive CD8 --splits "$folder/splits-$n.tsv" --rarefy "$rows"
    done
}

# ldr-0.1: 100 repertoires are tested, 24, 48 or 96 are learned from.
ldr() {
    local seed=$1 n folder=$out/ldr-$1
    simulate "$folder" 196 $((100 + seed))
    for n in 24 48 96; do
        awk -F '\t' -v OFS='\t' -v last="$n" -v folds="$folder/splits-$n.tsv" '
            NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print "repertoire_id", "label"; print "repertoire_id", "fold" >folds; next }
            { label = $at["label"]; rank = ++seen[label] }
            rank <= last / 2 || rank > 48 { print $1, label; print $1, (rank <= last / 2 ? "" : 0) >folds }
        ' "$folder/metadata.tsv" >"$folder/labels-$n.tsv"
        mkdir -p "$folder/files-$n"
        tail -n +2 "$folder/labels-$n.tsv" | cut -f 1 | while read -r id; do
            ln -sf "$(realpath "$folder")/repertoires/$id.tsv.gz" "$folder/files-$n/"
        done
        both ldr "$seed" "$n" "$out/base-ldr" --cohort "$folder/files-$n" --metadata "$folder/labels-$n.tsv" \
            --target label --splits "$folder/splits-$n.tsv"
    done
}

# A row of the table: means over the seeds, and the mean difference with its 95 % interval (Student's t).
line() {
    local cohort=$1 n=$2 parts=$3 title=$4 start name='whole model'
    [[ $parts == network ]] && name='network alone'
    [[ $parts == plain ]] && name='network alone, no discovery'
    for start in scratch base; do
        for ((seed = 1; seed <= seeds; seed++)); do
            sed -nE "s/^  \"auc\": ([0-9.]+),\$/$start $seed \1/p" "$out/results/$cohort/$n/$parts/$start/$seed/evaluated.json"
        done
    done | awk -v title="$title" -v n="$n" -v name="$name" '
        { auc[$1, $2] = $3; sum[$1] += $3; if ($1 == "scratch") seeds++ }
        END {
            split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t, " ")
            for (i = 1; i <= seeds; i++) { d = auc["base", i] - auc["scratch", i]; mean += d / seeds; squares += d * d / seeds }
            half = t[seeds - 1] * sqrt((squares - mean * mean) / (seeds - 1))
            printf "| %s | %d | %s | %.3f | %.3f | %+.3f | %+.3f to %+.3f |\n", title, n, name,
                sum["scratch"] / seeds, sum["base"] / seeds, mean, mean - half, mean + half
        }'
}

base base-tcrdb "$tcrdb"
simulate "$out/unlabelled" 300 99
base base-ldr "$out/unlabelled/repertoires"
for ((seed = 1; seed <= seeds; seed++)); do
    cells "$seed"
    ldr "$seed"
done
{
    echo '| cohort | labelled repertoires | | from random numbers | from the base | difference | 95 % interval |'
    echo '|---|---|---|---|---|---|---|'
    for parts in $variants; do
        for n in 12 24 48; do line cells "$n" "$parts" 'CD4 against CD8'; done
        for n in 24 48 96; do line ldr "$n" "$parts" ldr-0.1; done
    done
} | tee "$out/table.md"
