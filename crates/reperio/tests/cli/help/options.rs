//! The options of each large command.

use insta::assert_snapshot;

use super::own;

#[test]
fn simulate_explains_its_options() {
    assert_snapshot!(own("simulate"), @"
    Simulate a cohort with implanted signals

    Writes OUT/repertoires/*.tsv.gz, OUT/metadata.tsv, OUT/truth.tsv.gz (what was implanted where),
    OUT/oracle.tsv (signal counts for an observer who knows the signals) and OUT/simulation.toml (the
    resolved configuration). The background comes from the built-in generator of human TCR beta or from
    the rows of any cohort.

    Usage: reperio simulate [OPTIONS] --out <DIR>

    Options:
          --out <DIR>
              Folder to write to

          --config <TOML>
              Config file (TOML) with the settings that differ from the defaults

          --repertoires <N>
              Total number of repertoires

          --scale <SHARE>
              Share of the config's repertoires to make, at least 20, classes balanced; pools of
              clonotypes shrink too

          --clonotypes <N>
              Clonotypes per repertoire

          --seed <N>
              Seed of all random numbers

          --motif <MOTIF>
              Motif of a signal in the positive repertoires; may be repeated, each witness carries one
              of them

          --witness-rate <SHARE>
              Share of a positive repertoire's sequences that carry a --motif

              [default: 0.005]

          --background <COHORT>
              Cohort whose rows are used as the background; may be repeated

          --generator <FILE>
              Generator file of `fit-generator` to draw the background from

          --overwrite
              Replace existing results; files that the command reads are never replaced

      -h, --help
              Print help (see a summary with '-h')

    Motifs:
      LDR      these residues
      GL-N     any residue at `-`
      [ST]FEN  S or T first
      SF(d)EN  the residue before `(d)` may be missing: SFEN or SEN

    Example:
      reperio simulate --motif LDR --witness-rate 0.001 --repertoires 300 --out simulated
      reperio simulate --config configs/simulate/ldr-0.1.toml --background cohort --out simulated
      reperio simulate --config configs/simulate/public-clones-20.toml --scale 0.1 --out simulated
    ");
}

#[test]
fn train_explains_its_options() {
    assert_snapshot!(own("train"), @"
    Train a classifier

    Learns every part of the model (network, k-mers, public clonotypes, genes) and weights each part by
    how well it predicts held-out repertoires of inner folds. Writes a run folder: config.toml,
    model.safetensors (enough on its own to score and explain), metrics.json, predictions.tsv,
    sequences.tsv.gz (the training cohort's clonotypes ranked by evidence), families.tsv (the same in
    families of similar clonotypes), motifs.tsv (what the filters of the network see, against what
    stands there anyway), `held_out.tsv` (what each part said of the training repertoires that inner
    folds held out; it names repertoires and their labels, numbers the groups, and belongs to this model
    alone: do not pass it on with the model unless the names may be known), confounders.tsv (how well
    depth, V/J usage and other columns predict the labels without sequences, with a warning if they do),
    report.html (a page that shows all of it), a model card, log.jsonl, TensorBoard events and
    checkpoint/.

    Usage: reperio train [OPTIONS] --out <RUN> --cohort <COHORT> --target <COLUMN>

    Options:
          --out <RUN>
              Folder of the run

          --resume
              Continue an interrupted run; the result is the same to the last bit

          --overwrite
              Replace existing results; files that the command reads are never replaced

          --no-report
              Write only tables, without the page and the model card

          --from <BASE>
              Start the network from this base (see `reperio pretrain`), whose `[model]` section it then
              has

          --cohort <COHORT>
              Cohort store, repertoire file or folder of files

          --metadata <TABLE>
              Table of labels for the files, one row per repertoire (.tsv, .csv)

      -h, --help
              Print help (see a summary with '-h')

    Example:
      reperio train --cohort cohort --target disease --positive yes --out run
      reperio train --cohort cohort --target disease --parts network,kmers --out run
      reperio train --cohort cohort --target disease --covariate sex --adjust age --out run
      reperio train --cohort exports/ --metadata labels.tsv --target disease --out run --resume
      reperio train --cohort cohort --target disease --background healthy/ --out run
      reperio train --cohort cohort --target disease --from base --out run
    ");
}

#[test]
fn evaluate_explains_its_options() {
    assert_snapshot!(own("evaluate"), @"
    Cross-validate a classifier, or test a trained one

    Every repertoire is scored by a model that saw neither it nor its group. Discovery, early stopping
    and standardisation use only the training part. A control sees only depth and V/J usage. With
    --model, a trained model is tested on another cohort. With --learning-curve, it also says how many
    repertoires are needed, and how deep. Warns if depth, V/J usage or another column predicts the
    labels without sequences. Writes metrics.json, predictions.tsv, splits.tsv, confounders.tsv,
    `learning_curve.tsv` (if asked for), config.toml, a model card, and report.html, a page that shows
    all of it, with the points of its figures in curves.tsv and decisions.tsv.

    Usage: reperio evaluate [OPTIONS] --out <DIR> --cohort <COHORT>

    Options:
          --out <DIR>
              Folder to write to

          --model <RUN>
              Test this run folder or model file instead of training

          --folds <K>
              Number of folds

              [default: 5]

          --splits <TSV>
              Table of `repertoire_id` and `fold` to use instead of random folds; no fold means training
              only

          --split <60/20/20>
              One split instead of folds: shares of training, validation and test. Networks use the
              validation share to decide when to stop; all other parts learn from training and
              validation together

          --batch <COLUMN>
              Column whose values are left out one after another, such as laboratory or run: does the
              model work in a batch that it has not seen? Labels are only permuted inside batches

          --permute-labels [<SEED>]
              Permute the labels first: a control whose AUC must be close to 0.5

          --permute-within <COLUMN>
              Permute labels, those of the control and those behind the P value, only among repertoires
              that are alike in this column: of one class, or about ten with the next numbers

          --learning-curve
              Also train on parts of the repertoires and at parts of their depth, and say what more
              repertoires would give (`learning_curve.tsv`). All together it takes about three times as
              long

          --curve-points <N>
              Points of the learning curve, the evaluation included; more of them take longer

              [default: 4]

          --resume
              Continue an interrupted evaluation

          --overwrite
              Replace existing results; files that the command reads are never replaced

          --no-report
              Write only tables, without the page and the model card

          --from <BASE>
              Start the network from this base (see `reperio pretrain`), whose `[model]` section it then
              has

          --cohort <COHORT>
              Cohort store, repertoire file or folder of files

          --metadata <TABLE>
              Table of labels for the files, one row per repertoire (.tsv, .csv)

      -h, --help
              Print help (see a summary with '-h')

    Example:
      reperio evaluate --cohort cohort --target disease --folds 5 --out evaluation
      reperio evaluate --cohort cohort --target disease --permute-labels --out control
      reperio evaluate --cohort cohort --target disease --split 60/20/20 --out evaluation
      reperio evaluate --cohort cohort --target disease --batch laboratory --out across
      reperio evaluate --cohort cohort --target disease --adjust age --permute-labels --permute-within
      age --out control
      reperio evaluate --cohort cohort --target disease --learning-curve --out evaluation
      reperio evaluate --cohort cohort --target disease --background healthy/ --out evaluation
      reperio evaluate --cohort cohort --target disease --from base --out evaluation
      reperio evaluate --cohort others --model run --out test
    ");
}

#[test]
fn compare_explains_its_options() {
    assert_snapshot!(own("compare"), @r#"
    Compare published methods with Reperio on the same folds

    Every method chooses its hyper-parameters inside the training part of each fold. There are two
    controls: depth and diversity alone, and Reperio on permuted labels. Writes compare.html,
    compare.md, compare.tsv, compare.json, predictions.tsv, splits.tsv and what each method chose in
    each fold.

    Usage: reperio compare [OPTIONS] --out <DIR> --cohort <COHORT> --target <COLUMN>

    Options:
          --out <DIR>
              Folder to write to

          --methods <NAMES>
              Methods, separated by commas [default: all]; a wrong name lists them all

          --folds <K>
              Number of folds

              [default: 5]

          --splits <TSV>
              Table of `repertoire_id` and `fold` to use instead of random folds, as `evaluate` writes
              it

          --repeats <N>
              Repeats of the cross-validation, each with its own folds

              [default: 1]

          --simulated <DIR>
              Folder that `simulate` wrote; adds the known-motif oracle and how well methods find
              implanted sequences

          --deeprc-updates <N>
              Training updates of DeepRC; its publication used 100,000

              [default: 5000]

          --resume
              Continue an interrupted comparison, or add methods to a finished one

          --overwrite
              Replace existing results; files that the command reads are never replaced

          --cohort <COHORT>
              Cohort store, repertoire file or folder of files

          --metadata <TABLE>
              Table of labels for the files, one row per repertoire (.tsv, .csv)

      -h, --help
              Print help (see a summary with '-h')

    Example:
      reperio compare --cohort cohort --target disease --out comparison
      reperio compare --cohort made/repertoires --metadata made/metadata.tsv --target label \
        --simulated made --methods reperio,kmer3-logistic,burden --out comparison
      reperio compare --cohort cohort --target disease --out comparison --resume
    "#);
}

#[test]
fn pretrain_explains_its_options() {
    assert_snapshot!(own("pretrain"), @"
    Pre-train a network on repertoires without labels

    Two views of each subject are drawn (disjoint halves of a repertoire; or two repertoires of a
    subject, such as two visits or TRA and TRB), and the network learns to tell by one view whose the
    other is: contrastive learning with Hopfield retrieval (CLOOB). `train --from` then starts from what
    it learned in place of random numbers. Whether that helps depends on the disease: what tells people
    apart need not be what makes them ill. Writes config.toml, base.safetensors, metrics.json,
    losses.tsv, log.jsonl, TensorBoard events and checkpoint/.

    Usage: reperio pretrain [OPTIONS] --out <BASE> <INPUT>...

    Arguments:
      <INPUT>...
              Cohort stores, repertoire files or folders of files

    Options:
          --out <BASE>
              Folder to write to

          --group <COLUMN>
              Column of people [default: a column of people whose values repeat, such as `subject_id`,
              `patient` or `donor`]; `repertoire_id` for none

          --resume
              Continue an interrupted pre-training; the result is the same to the last bit

          --overwrite
              Replace existing results; files that the command reads are never replaced

          --metadata <TABLE>
              Table of labels, one row per repertoire (.tsv, .csv)

      -h, --help
              Print help (see a summary with '-h')

    Pre-training:
          --config <TOML>
              Config file (TOML) with the settings of `[model]` and `[pretraining]` that differ from the
              defaults

          --seed <N>
              Seed of all random numbers [default: 0]

          --epochs <N>
              Largest number of passes over the subjects [default: 30]

          --views <VIEWS>
              The two views that are brought together [default: subjects where at least half of them
              have several repertoires, else halves]

              Possible values:
              - halves:   Disjoint random halves of the clonotypes of a repertoire
              - subjects: Two repertoires of a subject (visits, or two loci). What differs between them
                is learned to be ignored

    Example:
      reperio pretrain unlabelled/ --out base
      reperio pretrain cohort --views halves --epochs 50 --out base
      reperio train --cohort cohort --target disease --from base --out run
    ");
}
