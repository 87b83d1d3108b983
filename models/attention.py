#!/usr/bin/env python3
"""How well attention ranks implanted sequences: a row a head of what `reperio explain --top 0` wrote.

    models/attention.py WHY TRUTH

WHY is the folder of `explain`, TRUTH the `truth.tsv.gz` of `simulate`. Average precision is over all clonotypes of the
repertoires with implanted sequences, ranked by attention times the number of clonotypes of the repertoire; equal
ones count together. The share of the sequences that carry 90 % of a head's attention is the median over them.
"""

import csv
import gzip
import statistics
import sys
from collections import defaultdict
from pathlib import Path


def rows(path):
    with gzip.open(path, "rt", newline="") as table:
        yield from csv.DictReader(table, delimiter="\t")


def average_precision(pairs):
    """Of (score, is wanted): the area under steps of precision over recall."""
    by_score = defaultdict(lambda: [0, 0])
    for score, wanted in pairs:
        by_score[score][0] += wanted
        by_score[score][1] += 1
    found = seen = area = 0
    for score in sorted(by_score, reverse=True):
        wanted, all_of = by_score[score]
        found, seen = found + wanted, seen + all_of
        area += wanted * found / seen
    return area / max(found, 1)


def share_of_most(attention, part=0.9):
    total = 0.0
    for count, value in enumerate(sorted(attention, reverse=True), 1):
        total += value
        if total >= part:
            return count / len(attention)
    return 1.0


def main(why, truth):
    implanted = defaultdict(set)
    for row in rows(truth):
        implanted[row["repertoire_id"]].add(row["junction_aa"])
    scores, shares = defaultdict(list), defaultdict(list)
    for folder in sorted(Path(why, "repertoires").iterdir()):
        if folder.name not in implanted:
            continue
        table = list(rows(folder / "sequences.tsv.gz"))
        wanted = [row["junction_aa"] in implanted[folder.name] for row in table]
        heads = [column for column in table[0] if column.startswith("attention_")]
        by_head = {head: [float(row[head]) for row in table] for head in heads}
        by_head["mean of heads"] = [sum(values) / len(heads) for values in zip(*by_head.values())]
        for head, attention in by_head.items():
            scores[head] += [(value * len(table), own) for value, own in zip(attention, wanted)]
            shares[head].append(share_of_most(attention))
    print("head\taverage_precision\tshare_with_90_percent")
    for head, pairs in scores.items():
        print(f"{head}\t{average_precision(pairs):.3f}\t{statistics.median(shares[head]):.3f}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
