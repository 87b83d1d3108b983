#!/usr/bin/env python3
"""The columns that Reperio reads, read by polars and pandas from the files of `cargo bench --bench read`.

    pip install polars pandas pyarrow
    python read.py TARGET/tmp [THREADS]

Prints rows a second of the best of five. Polars and pandas give columns of text as they stand in the
file; genes are not normalised, junctions not checked, clonotypes not collapsed.
"""

import os
import sys
import time
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = sys.argv[2] if len(sys.argv) > 2 else "1"

import pandas as pd
import polars as pl

AIRR = ["junction_aa", "v_call", "j_call", "duplicate_count"]
FILES = {
    "airr-four-columns": AIRR,
    "airr-full": AIRR + ["productive"],
    "immunoseq": ["amino_acid", "frame_type", "templates", "v_resolved", "j_resolved"],
}


def best(work):
    seconds = []
    for _ in range(5):
        began = time.perf_counter()
        rows = len(work())
        seconds.append(time.perf_counter() - began)
    return rows / min(seconds)


def main():
    folder = Path(sys.argv[1])
    for name, columns in FILES.items():
        path = folder / "read" / f"{name}.tsv.gz"
        report(name, "polars", lambda: pl.read_csv(path, separator="\t", columns=columns))
        report(name, "pandas", lambda: pd.read_csv(path, sep="\t", usecols=columns))
    parquet = sorted((folder / "read-store" / "cohort" / "repertoires").glob("*.parquet"))
    report("store", "polars", lambda: pl.concat([pl.read_parquet(path) for path in parquet]))
    report("store", "pandas", lambda: pd.concat([pd.read_parquet(path) for path in parquet]))


def report(name, library, work):
    print(f"{name:20} {library:8} {best(work):12,.0f} rows/s")


if __name__ == "__main__":
    main()
