//! The help texts: they are the manual, so a change to them should be seen.

use insta::assert_snapshot;
use insta_cmd::assert_cmd_snapshot;

use crate::support::{folder, reperio};

#[test]
fn the_program_lists_its_commands() {
    assert_cmd_snapshot!(reperio(&folder(), &["--help"]), @"
    success: true
    exit_code: 0
    ----- stdout -----
    Train, score and explain immune-repertoire classifiers

    Usage: reperio [OPTIONS] <COMMAND>

    Commands:
      import         Read repertoire files and labels into a cohort store
      describe       Show what is in repertoire files or a cohort
      train          Train a classifier
      evaluate       Cross-validate a classifier, or test a trained one
      compare        Compare published methods with Reperio on the same folds
      score          Score repertoires with a trained model
      explain        Rank the sequences that drove a model's scores
      report         Make the page of a run again
      simulate       Simulate a cohort with implanted signals
      fit-generator  Fit the background generator to real repertoires
      devices        List the devices that networks run on
      demo           Simulate, import, train, evaluate, score and explain in one go
      bench          Measure scoring and training on this machine, beside PyTorch
      help           Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Every command:
          --json         Print one JSON object instead of a table
      -v, --verbose...   Print more on stderr (-v each step, -vv everything)
      -q, --quiet        Print only errors on stderr
          --threads <N>  Threads to use [default: all cores]; results do not depend on their number

    ----- stderr -----
    ");
}

#[test]
fn nothing_to_do_is_wrong_usage() {
    let output = reperio(&folder(), &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn every_command_shows_an_example() {
    let commands = [
        "import",
        "describe",
        "train",
        "evaluate",
        "score",
        "report",
        "explain",
        "simulate",
        "fit-generator",
        "devices",
        "demo",
        "compare",
    ];
    for command in commands {
        let output = reperio(&folder(), &[command, "--help"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        let help = String::from_utf8(output.stdout).unwrap();
        let examples = help.split_once("Example:").expect(command).1;
        assert!(examples.contains(&format!("  reperio {command}")), "{command}: {examples}");
        assert!(help.contains("--json"), "{command}");
    }
}

/// What the help of several commands says in the same words.
const SHARED: [&str; 6] =
    ["Reading files:", "Target:", "Training:", "Depth:", "Device:", "Every command:"];

/// The help of a command, cut before every line that is not indented.
fn parts(command: &str) -> Vec<String> {
    let output = reperio(&folder(), &[command, "--help"]).output().expect("the program runs");
    assert!(output.status.success(), "{command}");
    let text = String::from_utf8(output.stdout).expect("help is UTF-8");
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let parts = lines.chunk_by(|_, next| next.is_empty() || next.starts_with(' '));
    parts.map(|part| part.join("\n") + "\n").collect()
}

fn is_shared(part: &str) -> bool {
    part.lines().next().is_some_and(|heading| SHARED.contains(&heading))
}

/// What a command alone says.
fn own(command: &str) -> String {
    parts(command).into_iter().filter(|part| !is_shared(part)).collect()
}

#[test]
fn commands_share_options_in_the_same_words() {
    let evaluate = parts("evaluate");
    for command in ["train", "compare", "simulate"] {
        let shared: Vec<String> =
            parts(command).into_iter().filter(|part| is_shared(part)).collect();
        assert!(shared.len() >= 2, "{command}: {shared:?}");
        for part in shared {
            assert!(evaluate.contains(&part), "{command}: {part}");
        }
    }
    let shared: String = evaluate.into_iter().filter(|part| is_shared(part)).collect();
    assert_snapshot!(shared, @"
    Reading files:
          --format <FORMAT>
              Format of the files [default: recognised by their headers]

          --species <SPECIES>
              Species of the genes [default: the species that the file states, else human]

          --locus <LOCUS>
              Keep only this locus, for example TRB; may be repeated [default: all]

          --min-length <N>
              Shortest junction to keep, in residues

              [default: 5]

          --max-length <N>
              Longest junction to keep, in residues

              [default: 60]

          --repertoire-column <COLUMN>
              Column that names the repertoire of each row

          --count-column <COLUMN>
              Column of the counts [default: cells, else molecules, else reads]

          --skip-unreadable
              Skip and list files in folders that cannot be read [default: an error]

          --max-ratio <N>
              Largest number of decompressed bytes per compressed byte; more is treated as an attack

              [default: 1000]

          --column <FIELD=COLUMN>
              Column that holds FIELD, as FIELD=COLUMN; may be repeated. FIELD is `junction_aa` (both
              anchors included), `cdr3_aa`, `junction`, `v_call`, `j_call`, `duplicate_count`, `locus`
              or `productive`. With one of the first three, only the named columns are read

    Target:
          --target <COLUMN>
              Column to predict; may be repeated to predict several at once

          --positive <VALUE>
              Value of the positive class; all other values are negative [default: inferred from the
              values]

          --regression <COLUMN>
              Predict this target as a number; may be repeated [default: targets with more than ten
              different numbers]

          --group <COLUMN>
              Column of groups that are never split between training and test; `repertoire_id` for no
              groups [default: a column of people whose values repeat, such as `subject_id`, `patient`
              or `donor`]

    Training:
          --config <TOML>
              Config file (TOML) with the settings that differ from the defaults

          --seed <N>
              Seed of all random numbers [default: 0]

          --epochs <N>
              Largest number of passes over the training repertoires

          --parts <PARTS>
              Parts to learn, separated by commas: network, kmers, clones, genes, depth [default: all
              but depth]. A part that does not help gets no weight

          --use-depth
              Learn from the number of clonotypes and copies too. Depth often reflects how samples were
              prepared, not who is ill

    Depth:
          --rarefy <N>
              Draw this many clonotypes from each larger repertoire

          --rarefy-templates <N>
              Draw this many templates (copies) from each larger repertoire

    Device:
          --device <DEVICE>
              Device of the network: cpu, cuda:N, or auto (a working GPU, else the CPU); see `reperio
              devices`

              [default: auto]

    Every command:
          --json
              Print one JSON object instead of a table

      -v, --verbose...
              Print more on stderr (-v each step, -vv everything)

      -q, --quiet
              Print only errors on stderr

          --threads <N>
              Threads to use [default: all cores]; results do not depend on their number
    ");
}

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
    sequences.tsv.gz (the training cohort's clonotypes ranked by evidence), report.html (a page that
    shows all of it), a model card, log.jsonl, TensorBoard events and checkpoint/.

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

          --cohort <COHORT>
              Cohort store, repertoire file or folder of files

          --metadata <TABLE>
              Table of labels for the files, one row per repertoire (.tsv, .csv)

      -h, --help
              Print help (see a summary with '-h')

    Example:
      reperio train --cohort cohort --target disease --positive yes --out run
      reperio train --cohort cohort --target disease --parts network,kmers --out run
      reperio train --cohort exports/ --metadata labels.tsv --target disease --out run --resume
    ");
}

#[test]
fn evaluate_explains_its_options() {
    assert_snapshot!(own("evaluate"), @"
    Cross-validate a classifier, or test a trained one

    Every repertoire is scored by a model that saw neither it nor its group. Discovery, early stopping
    and standardisation use only the training part. A control sees only depth and V/J usage. With
    --model, a trained model is tested on another cohort. Writes metrics.json, predictions.tsv,
    splits.tsv, config.toml, a model card and report.html, a page that shows all of it.

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

          --resume
              Continue an interrupted evaluation

          --overwrite
              Replace existing results; files that the command reads are never replaced

          --no-report
              Write only tables, without the page and the model card

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
