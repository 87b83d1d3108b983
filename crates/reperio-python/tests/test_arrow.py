"""Tables go in and out by the Arrow C interface, without a copy of their text."""

from __future__ import annotations

import polars
import pyarrow
import reperio
from conftest import python

COLUMNS = ["repertoire_id", "junction_aa", "v_call", "j_call", "duplicate_count"]

# A million rows. `note` is 300 bytes a row that nobody reads: a copy of the table would show.
MILLION = """
import random
import pyarrow as pa
import reperio

n = 1_000_000
draw = random.Random(1)
middles = ["".join(draw.choices("ACDEFGHIKLMNPQRSTVWY", k=9)) for _ in range(50_000)]
def column(values):
    return pa.chunked_array([pa.array(values[i:i + 100_000]) for i in range(0, n, 100_000)])
table = pa.table({
    "repertoire_id": column([f"r{i * 100 // n:02}" for i in range(n)]),
    "junction_aa": column(["CAS" + middles[i * 7919 % 50_000] + "F" for i in range(n)]),
    "v_call": column([f"TRBV{1 + i % 9}" for i in range(n)]),
    "j_call": column([f"TRBJ2-{1 + i % 7}" for i in range(n)]),
    "duplicate_count": column([1 + i % 5 for i in range(n)]),
    "note": column(["x" * 300] * n),
})
# Lower the mark first: what building took is no part of it.
open("/proc/self/clear_refs", "w").write("5")
def resident(field):
    line = next(l for l in open("/proc/self/status") if l.startswith(field))
    return int(line.split()[1]) * 1024
before = resident("VmRSS")
cohort = reperio.read(table, progress=False)
print(resident("VmHWM") - before, resident("VmRSS") - before, table.nbytes)
print(len(cohort), sum(cohort.clonotypes), sum(cohort.templates))
"""


def test_a_million_rows_go_in_without_a_copy() -> None:
    done = python(MILLION)
    assert done.returncode == 0, done.stderr
    sizes, counts = (line.split() for line in done.stdout.splitlines())
    peak, kept, table = map(int, sizes)
    print(f"table {table / 1e6:.0f} MB, peak +{peak / 1e6:.0f} MB, kept +{kept / 1e6:.0f} MB")
    assert counts[0] == "100"
    assert int(counts[2]) == 3_000_000
    # A cohort is about 25 bytes a clonotype; collapsing them takes as much again and more.
    assert peak < 150e6
    assert table > 330e6


def test_there_and_back_is_equal(tiny: reperio.Cohort) -> None:
    for table in (pyarrow.table(tiny), tiny.to_polars(), tiny.to_pandas(), tiny):
        again = (
            reperio.read(
                table, metadata=tiny.metadata, repertoire_column="repertoire_id", progress=False
            )
            if not isinstance(table, reperio.Cohort)
            else reperio.read(table)
        )
        assert again == tiny
        assert again.to_polars().equals(tiny.to_polars())


def test_every_kind_of_text_column_is_read(tiny: reperio.Cohort) -> None:
    table = pyarrow.table(tiny)
    for kind in (pyarrow.string(), pyarrow.large_string(), pyarrow.string_view()):
        texts = {name: table[name].cast(kind) for name in COLUMNS[:4]}
        other = pyarrow.table({**texts, "duplicate_count": table["duplicate_count"]})
        assert reperio.read(other, progress=False).to_polars().equals(tiny.to_polars())
    encoded = table.set_column(2, "v_call", table["v_call"].cast("string").dictionary_encode())
    assert reperio.read(encoded, progress=False).to_polars().equals(tiny.to_polars())


def test_counts_of_every_kind_are_read(tiny: reperio.Cohort) -> None:
    table = tiny[:2].to_polars()
    for kind in (polars.UInt8, polars.Int32, polars.Int64, polars.UInt64, polars.Float64):
        other = table.with_columns(polars.col("duplicate_count").cast(kind))
        assert reperio.read(other, progress=False).templates == tiny[:2].templates


def test_a_table_in_several_chunks_is_one(tiny: reperio.Cohort) -> None:
    whole = pyarrow.table(tiny)
    chunks = pyarrow.concat_tables([whole.slice(0, 7), whole.slice(7, 1), whole.slice(8)])
    assert chunks["junction_aa"].num_chunks > 2
    assert reperio.read(chunks, progress=False).to_polars().equals(tiny.to_polars())
