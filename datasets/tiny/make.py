#!/usr/bin/env python3
"""Writes the tiny cohort beside this file: 24 repertoires of 12 made-up subjects, no real person.

    python3 datasets/tiny/make.py

Every repertoire has 60 clonotypes of a made-up background. In those of the 6 positive subjects 4 of the
60 carry the motif QHWN at junction position 5 to 7; no other sequence has it. The standard
library alone, one seed: the same bytes on every machine with Python 3.11.
"""

import random
from pathlib import Path

MOTIF = "QHWN"
WITNESSES, CLONOTYPES = 4, 60
# Residues that the genes encode at the ends of a junction; enough to look like human TRB.
V = {
    "TRBV5-1": "CASS", "TRBV6-5": "CASS", "TRBV7-9": "CASS", "TRBV12-3": "CASS",
    "TRBV19": "CASS", "TRBV20-1": "CSA", "TRBV27": "CASS", "TRBV29-1": "CSV",
}
J = {
    "TRBJ1-1": "NTEAFF", "TRBJ1-2": "NYGYTF", "TRBJ2-1": "NEQFF", "TRBJ2-3": "DTQYF",
    "TRBJ2-5": "ETQYF", "TRBJ2-7": "YEQYF",
}
# The middle is rich in glycine, as N and D segments are.
MIDDLE = "GGGGGLLLSSSPPRRRTTAADDEEQVNKWHIFYM"


def clonotype(rng, witness):
    v, j = rng.choice(list(V)), rng.choice(list(J))
    while True:
        middle = "".join(rng.choice(MIDDLE) for _ in range(rng.randint(2, 7)))
        if witness:
            # Position 5 to 7 of the junction, whatever the length of the V part.
            before = rng.randint(5, 7) - len(V[v])
            middle = "".join(rng.choice(MIDDLE) for _ in range(before)) + MOTIF
        junction = V[v] + middle + J[j]
        if (MOTIF in junction) == witness and junction.count(MOTIF) == witness:
            return junction, v + "*01", j + "*01"


def repertoire(rng, positive):
    rows = {}
    while len(rows) < CLONOTYPES:
        witness = positive and len(rows) < WITNESSES
        # Counts are long-tailed: most clonotypes are seen once.
        rows[clonotype(rng, witness)] = int(rng.paretovariate(1.2))
    return sorted(rows.items())


def main():
    rng = random.Random(20_240_713)
    folder = Path(__file__).parent
    (folder / "repertoires").mkdir(exist_ok=True)
    metadata = ["repertoire_id\tsubject_id\tlabel\tage"]
    for subject in range(12):
        # Ages of two subjects are unknown, so that missing labels are met.
        age = "" if subject in (3, 8) else str(rng.randint(20, 80))
        for visit in range(2):
            name = f"subject{subject + 1:02}_visit{visit + 1}"
            positive = subject % 2 == 0
            metadata.append(f"{name}\tsubject{subject + 1:02}\t{int(positive)}\t{age}")
            lines = ["junction_aa\tv_call\tj_call\tduplicate_count"]
            lines += ["\t".join([*key, str(count)]) for key, count in repertoire(rng, positive)]
            path = folder / "repertoires" / f"{name}.tsv"
            path.write_text("\n".join(lines) + "\n", newline="\n")
    (folder / "metadata.tsv").write_text("\n".join(metadata) + "\n", newline="\n")


if __name__ == "__main__":
    main()
