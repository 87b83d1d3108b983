"""The options of each command, as keywords of the function with its name.

Written by generate.py from the program's own list; not to be edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from ._types import Path


class CallOptions(TypedDict, total=False):
    """What every command takes.

    threads: Threads to use [default: all cores]; results do not depend on their number.
    """

    threads: int


class ReadOptions(TypedDict, total=False):
    """How files are read.

    format: Format of the files [default: recognised by their headers]
    species: Species of the genes [default: the species that the file states, else human]
    locus: Keep only this locus, for example TRB; may be repeated [default: all]
    min_length: Shortest junction to keep, in residues [default: 5]
    max_length: Longest junction to keep, in residues [default: 60]
    repertoire_column: Column that names the repertoire of each row
    count_column: Column of the counts [default: cells, else molecules, else reads]
    skip_unreadable: Skip and list files in folders that cannot be read [default: an error]
    max_ratio: Largest number of decompressed bytes per compressed byte; more is treated as an
        attack [default: 1000]
    column: Column that holds FIELD, as FIELD=COLUMN; may be repeated. FIELD is `junction_aa`
        (both anchors included), `cdr3_aa`, `junction`, `v_call`, `j_call`, `duplicate_count`,
        `locus` or `productive`. With one of the first three, only the named columns are read
    """

    format: str
    species: str
    locus: str | Sequence[str]
    min_length: int
    max_length: int
    repertoire_column: str
    count_column: str
    skip_unreadable: bool
    max_ratio: int
    column: Mapping[str, str]


class TrainOptions(ReadOptions, CallOptions, total=False):
    """What ``train`` takes besides.

    resume: Continue an interrupted run; the result is the same to the last bit
    overwrite: Replace existing results; files that the command reads are never replaced
    no_report: Write only tables, without the page and the model card
    base: Start the network from this base (see `reperio pretrain`), whose `[model]` section it
        then has
    positive: Value of the positive class; all other values are negative [default: inferred from
        the values]
    regression: Predict this target as a number; may be repeated [default: targets with more
        than ten different numbers]
    group: Column of groups that are never split between training and test; `repertoire_id` for
        no groups [default: a column of people whose values repeat, such as `subject_id`,
        `patient` or `donor`]
    covariate: Column that is a part of the model beside the repertoires, such as age; may be
        repeated. Numbers, classes, missing values. A score then needs it too; a missing value
        adds nothing
    adjust: Column whose say is removed, such as age or batch; may be repeated. The parts learn
        what it does not explain, and a score is without it
    config: Config file (TOML) with the settings that differ from the defaults
    seed: Seed of all random numbers [default: 0]
    epochs: Largest number of passes over the training repertoires
    parts: Parts to learn, separated by commas: network, kmers, clones, genes, depth [default:
        all but depth]. A part that does not help gets no weight
    use_depth: Learn from the number of clonotypes and copies too. Depth often reflects how
        samples were prepared, not who is ill
    background: Unlabelled repertoires of other people (cohort stores, files, folders): what
        they carry as well is no sign of the positive class; read one by one, labels are never
        looked at
    device: Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see
        `reperio devices` [default: auto]
    """

    resume: bool
    overwrite: bool
    no_report: bool
    base: Path
    positive: str | int
    regression: str | Sequence[str]
    group: str
    covariate: str | Sequence[str]
    adjust: str | Sequence[str]
    config: Path | Mapping[str, object]
    seed: int
    epochs: int
    parts: str | Sequence[str]
    use_depth: bool
    background: Path | Sequence[Path]
    device: str


class EvaluateOptions(ReadOptions, CallOptions, total=False):
    """What ``evaluate`` takes besides.

    folds: Number of folds [default: 5]
    splits: Table of `repertoire_id` and `fold` to use instead of random folds; no fold means
        training only
    split: One split instead of folds: shares of training, validation and test. Networks use the
        validation share to decide when to stop; all other parts learn from training and
        validation together
    batch: Column whose values are left out one after another, such as laboratory or run: does
        the model work in a batch that it has not seen? Labels are only permuted inside batches
    permute_labels: Permute the labels first: a control whose AUC must be close to 0.5
    permute_within: Permute labels, those of the control and those behind the P value, only
        among repertoires that are alike in this column: of one class, or about ten with the
        next numbers
    learning_curve: Also train on parts of the repertoires and at parts of their depth, and say
        what more repertoires would give (`learning_curve.tsv`). All together it takes about
        three times as long
    curve_points: Points of the learning curve, the evaluation included; more of them take
        longer [default: 4]
    resume: Continue an interrupted evaluation
    overwrite: Replace existing results; files that the command reads are never replaced
    no_report: Write only tables, without the page and the model card
    base: Start the network from this base (see `reperio pretrain`), whose `[model]` section it
        then has
    positive: Value of the positive class; all other values are negative [default: inferred from
        the values]
    regression: Predict this target as a number; may be repeated [default: targets with more
        than ten different numbers]
    group: Column of groups that are never split between training and test; `repertoire_id` for
        no groups [default: a column of people whose values repeat, such as `subject_id`,
        `patient` or `donor`]
    covariate: Column that is a part of the model beside the repertoires, such as age; may be
        repeated. Numbers, classes, missing values. A score then needs it too; a missing value
        adds nothing
    adjust: Column whose say is removed, such as age or batch; may be repeated. The parts learn
        what it does not explain, and a score is without it
    config: Config file (TOML) with the settings that differ from the defaults
    seed: Seed of all random numbers [default: 0]
    epochs: Largest number of passes over the training repertoires
    parts: Parts to learn, separated by commas: network, kmers, clones, genes, depth [default:
        all but depth]. A part that does not help gets no weight
    use_depth: Learn from the number of clonotypes and copies too. Depth often reflects how
        samples were prepared, not who is ill
    background: Unlabelled repertoires of other people (cohort stores, files, folders): what
        they carry as well is no sign of the positive class; read one by one, labels are never
        looked at
    rarefy: Draw this many clonotypes from each larger repertoire
    rarefy_templates: Draw this many templates (copies) from each larger repertoire
    device: Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see
        `reperio devices` [default: auto]
    """

    folds: int
    splits: Path
    split: str
    batch: str
    permute_labels: bool | int
    permute_within: str
    learning_curve: bool
    curve_points: str
    resume: bool
    overwrite: bool
    no_report: bool
    base: Path
    positive: str | int
    regression: str | Sequence[str]
    group: str
    covariate: str | Sequence[str]
    adjust: str | Sequence[str]
    config: Path | Mapping[str, object]
    seed: int
    epochs: int
    parts: str | Sequence[str]
    use_depth: bool
    background: Path | Sequence[Path]
    rarefy: int
    rarefy_templates: int
    device: str


class CompareOptions(ReadOptions, CallOptions, total=False):
    """What ``compare`` takes besides.

    methods: Methods, separated by commas [default: all]; a wrong name lists them all
    folds: Number of folds [default: 5]
    splits: Table of `repertoire_id` and `fold` to use instead of random folds, as `evaluate`
        writes it
    repeats: Repeats of the cross-validation, each with its own folds [default: 1]
    simulated: Folder that `simulate` wrote; adds the known-motif oracle and how well methods
        find implanted sequences
    deeprc_updates: Training updates of DeepRC; its publication used 100,000 [default: 5000]
    resume: Continue an interrupted comparison, or add methods to a finished one
    overwrite: Replace existing results; files that the command reads are never replaced
    positive: Value of the positive class; all other values are negative [default: inferred from
        the values]
    regression: Predict this target as a number; may be repeated [default: targets with more
        than ten different numbers]
    group: Column of groups that are never split between training and test; `repertoire_id` for
        no groups [default: a column of people whose values repeat, such as `subject_id`,
        `patient` or `donor`]
    config: Config file (TOML) with the settings that differ from the defaults
    seed: Seed of all random numbers [default: 0]
    epochs: Largest number of passes over the training repertoires
    parts: Parts to learn, separated by commas: network, kmers, clones, genes, depth [default:
        all but depth]. A part that does not help gets no weight
    use_depth: Learn from the number of clonotypes and copies too. Depth often reflects how
        samples were prepared, not who is ill
    rarefy: Draw this many clonotypes from each larger repertoire
    rarefy_templates: Draw this many templates (copies) from each larger repertoire
    device: Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see
        `reperio devices` [default: auto]
    """

    methods: str | Sequence[str]
    folds: int
    splits: Path
    repeats: int
    simulated: Path
    deeprc_updates: int
    resume: bool
    overwrite: bool
    positive: str | int
    regression: str | Sequence[str]
    group: str
    config: Path | Mapping[str, object]
    seed: int
    epochs: int
    parts: str | Sequence[str]
    use_depth: bool
    rarefy: int
    rarefy_templates: int
    device: str


class ScoreOptions(ReadOptions, CallOptions, total=False):
    """What ``score`` takes besides.

    coverage: Share of repertoires whose prediction set should contain their class, in (0, 1)
        [default: 0.9]
    overwrite: Replace existing results; files that the command reads are never replaced
    no_report: Write only tables, without the page and the model card
    device: Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see
        `reperio devices` [default: auto]
    """

    coverage: float
    overwrite: bool
    no_report: bool
    device: str


class ExplainOptions(ReadOptions, CallOptions, total=False):
    """What ``explain`` takes besides.

    top: Rows to keep in each ranking; 0 keeps all [default: 1000]
    annotate: Export of VDJdb, McPAS-TCR or the IEDB: shows known antigens beside the 100
        leading clonotypes, and how many matches chance gives; can be given more than once
    overwrite: Replace existing results; files that the command reads are never replaced
    no_report: Write only tables, without the page and the model card
    device: Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see
        `reperio devices` [default: auto]
    """

    top: int
    annotate: Path | Sequence[Path]
    overwrite: bool
    no_report: bool
    device: str


class DescribeOptions(ReadOptions, CallOptions, total=False):
    """What ``describe`` takes besides.

    columns: Show from the first rows how the files would be read and which columns would be
        ignored
    overwrite: Replace existing results; files that the command reads are never replaced
    no_report: Write only tables, without the page and the model card
    positive: Value of the positive class; all other values are negative [default: inferred from
        the values]
    regression: Predict this target as a number; may be repeated [default: targets with more
        than ten different numbers]
    group: Column of groups that are never split between training and test; `repertoire_id` for
        no groups [default: a column of people whose values repeat, such as `subject_id`,
        `patient` or `donor`]
    """

    columns: bool
    overwrite: bool
    no_report: bool
    positive: str | int
    regression: str | Sequence[str]
    group: str


class SimulateOptions(ReadOptions, CallOptions, total=False):
    """What ``simulate`` takes besides.

    config: Config file (TOML) with the settings that differ from the defaults
    repertoires: Total number of repertoires
    scale: Share of the config's repertoires to make, at least 20, classes balanced; pools of
        clonotypes shrink too
    clonotypes: Clonotypes per repertoire
    seed: Seed of all random numbers
    motif: Motif of a signal in the positive repertoires; may be repeated, each witness carries
        one of them
    witness_rate: Share of a positive repertoire's sequences that carry a --motif [default:
        0.005]
    generator: Generator file of `fit-generator` to draw the background from
    overwrite: Replace existing results; files that the command reads are never replaced
    """

    config: Path | Mapping[str, object]
    repertoires: int
    scale: float
    clonotypes: int
    seed: int
    motif: str | Sequence[str]
    witness_rate: float
    generator: Path
    overwrite: bool


class FitGeneratorOptions(ReadOptions, CallOptions, total=False):
    """What ``fit-generator`` takes besides.

    hold_out: Hold out every N-th repertoire of each project to compare with [default: 5]
    overwrite: Replace existing results; files that the command reads are never replaced
    """

    hold_out: int
    overwrite: bool
