"""The made-up files that the commands of the pages read.

exports/ and labels.tsv      60 repertoires with disease (yes, no) and laboratory (A, B)
new_patients/                6 more
another_hospital/ and other_labels.tsv      20 more, with labels
vdjdb.txt                    receptors for a made-up antigen, as VDJdb exports them
"""

import csv
import gzip
import shutil
import subprocess
import sys
from pathlib import Path

CONFIG = Path(__file__).with_name("cohort.toml")
VDJDB = [
    *("gene", "cdr3", "v.segm", "j.segm", "species", "mhc.a", "mhc.b"),
    *("antigen.epitope", "antigen.gene", "antigen.species"),
]


def make(folder: Path) -> None:
    """Writes all of it into a new folder."""
    folder.mkdir()
    _table(folder / "labels.tsv", _simulate(folder, "P", "exports", 60, 3))
    _simulate(folder, "N", "new_patients", 6, 4)
    _antigens(folder / "new_patients", folder / "vdjdb.txt")
    _table(folder / "other_labels.tsv", _simulate(folder, "H", "another_hospital", 20, 5))


def _simulate(folder: Path, letter: str, name: str, repertoires: int, seed: int) -> list[dict[str, str]]:
    """Repertoires whose names begin with `letter`; returns their labels."""
    made = folder / "made"
    options = ["--config", CONFIG, "--out", made, "--repertoires", repertoires, "--seed", seed, "--quiet", "--json"]
    call = [sys.executable, "-m", "reperio", "simulate", *map(str, options)]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    (folder / name).mkdir()
    labels = []
    with (made / "metadata.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            own = letter + row["repertoire_id"].removeprefix("sim").rjust(2, "0")
            shutil.move(made / row["filename"], folder / name / f"{own}.tsv.gz")
            disease = "yes" if row["label"] == "1" else "no"
            labels.append({"repertoire_id": own, "disease": disease, "laboratory": row["batch"]})
    shutil.rmtree(made)
    return labels


def _antigens(repertoires: Path, out: Path) -> None:
    """The receptors that carry a motif, as a database would list them."""
    rows = []
    for path in sorted(repertoires.iterdir()):
        with gzip.open(path, "rt", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if "LDR" in row["junction_aa"]:
                    receptor = ["TRB", row["junction_aa"], row["v_call"], row["j_call"], "HomoSapiens"]
                    rows.append([*receptor, "HLA-A*02:01", "B2M", "MADEUPEPI", "made-up", "Made-up virus"])
    with out.open("w", newline="") as file:
        csv.writer(file, delimiter="\t", lineterminator="\n").writerows([VDJDB, *rows])


def _table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
