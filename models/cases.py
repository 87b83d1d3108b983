#!/usr/bin/env python3
"""Whether the cases that a score leans on carry the same signal: of what `reperio explain` wrote.

    models/cases.py WHY TRAINING TEST [COLUMN]

WHY is the folder of `explain`, TRAINING and TEST the tables of `simulate` (metadata.tsv) with what was implanted in COLUMN (by
default `class`), which the model did not see. A row for each value of COLUMN: the share of the weight of the listed cases that is on
cases with the same value, in the mean over its repertoires, and what shares drawn by chance would be.
"""

import csv
import sys
from collections import Counter, defaultdict
from pathlib import Path


def rows(path):
    with open(path, newline="") as table:
        yield from csv.DictReader(table, delimiter="\t")


def main(why, training, test, column="class"):
    known = {row["repertoire_id"]: row[column] for row in rows(training)}
    own = {row["repertoire_id"]: row[column] for row in rows(test)}
    weights = defaultdict(Counter)
    for row in rows(Path(why, "cases.tsv")):
        weights[row["repertoire_id"]][known[row["case_id"]]] += float(row["weight"])
    shares = defaultdict(list)
    for repertoire, found in weights.items():
        shares[own[repertoire]].append(found[own[repertoire]] / found.total())
    print(f"{column}\trepertoires\tsame\tby chance")
    chance = Counter(known.values())
    for value in sorted(shares):
        same = sum(shares[value]) / len(shares[value])
        print(f"{value}\t{len(shares[value])}\t{same:.3f}\t{chance[value] / len(known):.3f}")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    main(*sys.argv[1:])
