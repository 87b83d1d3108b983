"""Options of every command. Written by generate.py from the definition of the command line: change that."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TypedDict


class ReadOptions(TypedDict, total=False):
    """How files and frames are read."""

    format: str | None
    """Format of the files [default: recognised by their headers]."""
    species: str | None
    """Species of the genes [default: the species that the file states, else human]."""
    locus: str | Sequence[str] | None
    """Keep only this locus, for example TRB; may be repeated [default: all]."""
    min_length: int | None
    """Shortest junction to keep, in residues [default: 5]."""
    max_length: int | None
    """Longest junction to keep, in residues [default: 60]."""
    repertoire_column: str | None
    """Column that names the repertoire of each row."""
    count_column: str | None
    """Column of the counts [default: cells, else molecules, else reads]."""
    skip_unreadable: bool | None
    """Skip and list files in folders that cannot be read [default: an error]."""
    max_ratio: int | None
    """Largest number of decompressed bytes per compressed byte; more is treated as an attack [default: 1000]."""
    column: Mapping[str, str] | None
    """Column that holds FIELD, as FIELD=COLUMN; may be repeated. FIELD is `junction_aa` (both anchors included), `cdr3_aa`, `junction`, `v_call`, `j_call`, `duplicate_count`, `locus` or `productive`. With one of the first three, only the named columns are read."""


class TrainOptions(ReadOptions, total=False):
    """Train a classifier."""

    resume: bool | None
    """Continue an interrupted run; the result is the same to the last bit."""
    overwrite: bool | None
    """Replace existing results; files that the command reads are never replaced."""
    no_report: bool | None
    """Write only tables, without the page and the model card."""
    metadata: str | os.PathLike[str] | None
    """Table of labels for the files, one row per repertoire (.tsv, .csv)."""
    positive: str | None
    """Value of the positive class; all other values are negative [default: inferred from the values]."""
    regression: str | Sequence[str] | None
    """Predict this target as a number; may be repeated [default: targets with more than ten different numbers]."""
    group: str | None
    """Column of groups that are never split between training and test; `repertoire_id` for no groups [default: a column of people whose values repeat, such as `subject_id`, `patient` or `donor`]."""
    config: str | os.PathLike[str] | None
    """Config file (TOML) with the settings that differ from the defaults."""
    seed: int | None
    """Seed of all random numbers [default: 0]."""
    epochs: int | None
    """Largest number of passes over the training repertoires."""
    parts: str | Sequence[str] | None
    """Parts to learn, separated by commas: network, kmers, clones, genes, depth [default: all but depth]. A part that does not help gets no weight."""
    use_depth: bool | None
    """Learn from the number of clonotypes and copies too. Depth often reflects how samples were prepared, not who is ill."""
    device: str | None
    """Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see `reperio devices` [default: auto]."""


class EvaluateOptions(ReadOptions, total=False):
    """Cross-validate a classifier, or test a trained one."""

    folds: int | None
    """Number of folds [default: 5]."""
    splits: str | os.PathLike[str] | None
    """Table of `repertoire_id` and `fold` to use instead of random folds; no fold means training only."""
    split: str | None
    """One split instead of folds: shares of training, validation and test. Networks use the validation share to decide when to stop; all other parts learn from training and validation together."""
    batch: str | None
    """Column whose values are left out one after another, such as laboratory or run: does the model work in a batch that it has not seen? Labels are only permuted inside batches."""
    permute_labels: bool | int | None
    """Permute the labels first: a control whose AUC must be close to 0.5."""
    learning_curve: bool | None
    """Also train on parts of the repertoires and at parts of their depth, and say what more repertoires would give (`learning_curve.tsv`). All together it takes about three times as long."""
    curve_points: int | str | None
    """Points of the learning curve, the evaluation included; more of them take longer [default: 4]."""
    resume: bool | None
    """Continue an interrupted evaluation."""
    overwrite: bool | None
    """Replace existing results; files that the command reads are never replaced."""
    no_report: bool | None
    """Write only tables, without the page and the model card."""
    metadata: str | os.PathLike[str] | None
    """Table of labels for the files, one row per repertoire (.tsv, .csv)."""
    positive: str | None
    """Value of the positive class; all other values are negative [default: inferred from the values]."""
    regression: str | Sequence[str] | None
    """Predict this target as a number; may be repeated [default: targets with more than ten different numbers]."""
    group: str | None
    """Column of groups that are never split between training and test; `repertoire_id` for no groups [default: a column of people whose values repeat, such as `subject_id`, `patient` or `donor`]."""
    config: str | os.PathLike[str] | None
    """Config file (TOML) with the settings that differ from the defaults."""
    seed: int | None
    """Seed of all random numbers [default: 0]."""
    epochs: int | None
    """Largest number of passes over the training repertoires."""
    parts: str | Sequence[str] | None
    """Parts to learn, separated by commas: network, kmers, clones, genes, depth [default: all but depth]. A part that does not help gets no weight."""
    use_depth: bool | None
    """Learn from the number of clonotypes and copies too. Depth often reflects how samples were prepared, not who is ill."""
    rarefy: int | None
    """Draw this many clonotypes from each larger repertoire."""
    rarefy_templates: int | None
    """Draw this many templates (copies) from each larger repertoire."""
    device: str | None
    """Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see `reperio devices` [default: auto]."""


class CompareOptions(ReadOptions, total=False):
    """Compare published methods with Reperio on the same folds."""

    methods: str | Sequence[str] | None
    """Methods, separated by commas [default: all]; a wrong name lists them all."""
    folds: int | None
    """Number of folds [default: 5]."""
    splits: str | os.PathLike[str] | None
    """Table of `repertoire_id` and `fold` to use instead of random folds, as `evaluate` writes it."""
    repeats: int | None
    """Repeats of the cross-validation, each with its own folds [default: 1]."""
    simulated: str | os.PathLike[str] | None
    """Folder that `simulate` wrote; adds the known-motif oracle and how well methods find implanted sequences."""
    deeprc_updates: int | None
    """Training updates of DeepRC; its publication used 100,000 [default: 5000]."""
    resume: bool | None
    """Continue an interrupted comparison, or add methods to a finished one."""
    overwrite: bool | None
    """Replace existing results; files that the command reads are never replaced."""
    metadata: str | os.PathLike[str] | None
    """Table of labels for the files, one row per repertoire (.tsv, .csv)."""
    positive: str | None
    """Value of the positive class; all other values are negative [default: inferred from the values]."""
    regression: str | Sequence[str] | None
    """Predict this target as a number; may be repeated [default: targets with more than ten different numbers]."""
    group: str | None
    """Column of groups that are never split between training and test; `repertoire_id` for no groups [default: a column of people whose values repeat, such as `subject_id`, `patient` or `donor`]."""
    config: str | os.PathLike[str] | None
    """Config file (TOML) with the settings that differ from the defaults."""
    seed: int | None
    """Seed of all random numbers [default: 0]."""
    epochs: int | None
    """Largest number of passes over the training repertoires."""
    parts: str | Sequence[str] | None
    """Parts to learn, separated by commas: network, kmers, clones, genes, depth [default: all but depth]. A part that does not help gets no weight."""
    use_depth: bool | None
    """Learn from the number of clonotypes and copies too. Depth often reflects how samples were prepared, not who is ill."""
    rarefy: int | None
    """Draw this many clonotypes from each larger repertoire."""
    rarefy_templates: int | None
    """Draw this many templates (copies) from each larger repertoire."""
    device: str | None
    """Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see `reperio devices` [default: auto]."""


class ScoreOptions(ReadOptions, total=False):
    """Score repertoires with a trained model."""

    coverage: float | None
    """Share of repertoires whose prediction set should contain their class, in (0, 1) [default: 0.9]."""
    overwrite: bool | None
    """Replace existing results; files that the command reads are never replaced."""
    no_report: bool | None
    """Write only tables, without the page and the model card."""
    metadata: str | os.PathLike[str] | None
    """Table of labels, one row per repertoire (.tsv, .csv)."""
    device: str | None
    """Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see `reperio devices` [default: auto]."""


class ExplainOptions(ReadOptions, total=False):
    """Rank the sequences that drove a model's scores."""

    top: int | None
    """Rows to keep in each ranking; 0 keeps all [default: 1000]."""
    annotate: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None
    """Export of VDJdb, McPAS-TCR or the IEDB: shows known antigens beside the 100 leading clonotypes, and how many matches chance gives; can be given more than once."""
    overwrite: bool | None
    """Replace existing results; files that the command reads are never replaced."""
    no_report: bool | None
    """Write only tables, without the page and the model card."""
    metadata: str | os.PathLike[str] | None
    """Table of labels, one row per repertoire (.tsv, .csv)."""
    device: str | None
    """Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see `reperio devices` [default: auto]."""


class DescribeOptions(ReadOptions, total=False):
    """Show what is in repertoire files or a cohort."""

    overwrite: bool | None
    """Replace existing results; files that the command reads are never replaced."""
    no_report: bool | None
    """Write only tables, without the page and the model card."""
    metadata: str | os.PathLike[str] | None
    """Table of labels, one row per repertoire (.tsv, .csv)."""
    positive: str | None
    """Value of the positive class; all other values are negative [default: inferred from the values]."""
    regression: str | Sequence[str] | None
    """Predict this target as a number; may be repeated [default: targets with more than ten different numbers]."""
    group: str | None
    """Column of groups that are never split between training and test; `repertoire_id` for no groups [default: a column of people whose values repeat, such as `subject_id`, `patient` or `donor`]."""


class SimulateOptions(ReadOptions, total=False):
    """Simulate a cohort with implanted signals."""

    config: str | os.PathLike[str] | None
    """Config file (TOML) with the settings that differ from the defaults."""
    repertoires: int | None
    """Total number of repertoires."""
    scale: float | None
    """Share of the config's repertoires to make, at least 20, classes balanced; pools of clonotypes shrink too."""
    clonotypes: int | None
    """Clonotypes per repertoire."""
    seed: int | None
    """Seed of all random numbers."""
    motif: str | Sequence[str] | None
    """Motif of a signal in the positive repertoires; may be repeated, each witness carries one of them."""
    witness_rate: float | None
    """Share of a positive repertoire's sequences that carry a --motif [default: 0.005]."""
    background: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None
    """Cohort whose rows are used as the background; may be repeated."""
    generator: str | os.PathLike[str] | None
    """Generator file of `fit-generator` to draw the background from."""
    overwrite: bool | None
    """Replace existing results; files that the command reads are never replaced."""
