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
      -v, --verbose...   Say more on stderr (-v what is done, -vv everything)
      -q, --quiet        Say nothing on stderr but errors
          --threads <N>  Threads to use [default: all cores]; results do not depend on it

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
              Species whose gene names are meant [default: what the file says, else human]

          --locus <LOCUS>
              Keep only this locus, as TRB; may be repeated [default: all]

          --min-length <N>
              Shortest junction to keep, in residues

              [default: 5]

          --max-length <N>
              Longest junction to keep, in residues

              [default: 60]

          --repertoire-column <COLUMN>
              Column that says to which repertoire a row belongs

          --count-column <COLUMN>
              Column of the counts [default: cells, else molecules, else reads]

          --skip-unreadable
              Leave out files of folders that cannot be read, and list them [default: an error]

          --max-ratio <N>
              Decompressed bytes for each compressed one, at most; more is taken for an attack

              [default: 1000]

          --column <FIELD=COLUMN>
              Column that holds FIELD, as FIELD=COLUMN; may be repeated. FIELD is `junction_aa` (both
              anchors included), `cdr3_aa`, `junction`, `v_call`, `j_call`, `duplicate_count`, `locus`
              or `productive`. With one of the first three, the table is read by the named columns alone

    Target:
          --target <COLUMN>
              Column to predict; may be repeated to predict several at once

          --positive <VALUE>
              Value of the positive class, every other value being negative [default: seen from the
              values]

          --regression <COLUMN>
              Predict this target as a number; may be repeated [default: more than ten different
              numbers]

          --group <COLUMN>
              Column whose equal values are never divided between training and test; `repertoire_id` for
              none [default: the column of people where their names repeat: `subject_id`, `patient`,
              `donor`, ...]

    Training:
          --config <TOML>
              Config file (TOML) that states what differs from the defaults

          --seed <N>
              Source of all random numbers [default: 0]

          --epochs <N>
              Passes over the training repertoires, at most

          --parts <PARTS>
              Parts to learn, separated by commas: network, kmers, clones, genes, depth [default: all
              but depth]. A part that does not help gets no weight

          --use-depth
              Learn from the number of clonotypes and their copies, too. Depth often tells how samples
              were made, not who is ill

    Depth:
          --rarefy <N>
              Draw this many clonotypes from each larger repertoire

          --rarefy-templates <N>
              Draw this many templates (copies) from each larger repertoire

    Device:
          --device <DEVICE>
              Where the network runs: cpu, cuda:N, or auto for a GPU where one works; see `reperio
              devices`

              [default: auto]

    Every command:
          --json
              Print one JSON object instead of a table

      -v, --verbose...
              Say more on stderr (-v what is done, -vv everything)

      -q, --quiet
              Say nothing on stderr but errors

          --threads <N>
              Threads to use [default: all cores]; results do not depend on it
    ");
}

#[test]
fn simulate_explains_its_options() {
    assert_snapshot!(own("simulate"), @"
    Simulate a cohort with implanted signals

    Writes OUT/repertoires/*.tsv.gz, OUT/metadata.tsv, OUT/truth.tsv.gz (what was implanted where),
    OUT/oracle.tsv (what one who knows the signals would count) and OUT/simulation.toml (the resolved
    configuration). Backgrounds are drawn from the built-in generator of human TCR beta, or are the rows
    of any cohort.

    Usage: reperio simulate [OPTIONS] --out <DIR>

    Options:
          --out <DIR>
              Folder to write to

          --config <TOML>
              Config file (TOML) that states what differs from the defaults

          --repertoires <N>
              Repertoires in all

          --scale <SHARE>
              Share of the config's repertoires, at least 20, classes evenly; pools of clonotypes shrink
              too

          --clonotypes <N>
              Clonotypes a repertoire

          --seed <N>
              Source of all random numbers

          --motif <MOTIF>
              Motif of a signal in the positive repertoires; may be repeated, each witness has one of
              them

          --witness-rate <SHARE>
              Share of a positive repertoire's sequences that carry a --motif

              [default: 0.005]

          --background <COHORT>
              Cohort whose rows are the background; may be repeated

          --generator <FILE>
              Generator file of `fit-generator` to draw the background from

          --overwrite
              Replace results that are there already; what the command reads is never replaced

      -h, --help
              Print help (see a summary with '-h')

    Motifs: LDR these residues, GL-N any residue at `-`, [ST]FEN one of several, SF(d)EN one that may be
    missing.

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

    Learns every part of the model (network, k-mers, public clonotypes, genes) and weighs them by what
    each says of repertoires that inner folds held out. Writes a run folder: config.toml,
    model.safetensors (enough on its own to score and explain), metrics.json, predictions.tsv,
    sequences.tsv.gz (the training cohort's clonotypes by evidence), log.jsonl, TensorBoard events and
    checkpoint/.

    Usage: reperio train [OPTIONS] --out <RUN> --cohort <COHORT> --target <COLUMN>

    Options:
          --out <RUN>
              Folder of the run

          --resume
              Go on with an interrupted run, to the same last bit

          --overwrite
              Replace results that are there already; what the command reads is never replaced

          --cohort <COHORT>
              Cohort store, repertoire file or folder of files

          --metadata <TABLE>
              Table of labels for files, one row a repertoire (.tsv, .csv)

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

    Every repertoire is scored by a model that saw neither it nor its group; discovery, early stopping
    and standardisation happen inside the training part. Beside the figures stands a control that sees
    only depth and V/J usage. With --model, a trained model is tested on a cohort of its own. Writes
    metrics.json, predictions.tsv, splits.tsv and config.toml.

    Usage: reperio evaluate [OPTIONS] --out <DIR> --cohort <COHORT>

    Options:
          --out <DIR>
              Folder to write to

          --model <RUN>
              Test this run folder or model file instead of training

          --folds <K>
              Folds

              [default: 5]

          --splits <TSV>
              Table of `repertoire_id` and `fold` to use in place of drawn folds; without a fold: only
              trains

          --split <60/20/20>
              One split in place of folds: shares of training, validation and test. Networks set the
              validation share aside to decide when to stop; all other parts learn from training and
              validation together

          --permute-labels [<SEED>]
              Deal the labels out at random first: a control that must come out at 0.5

          --resume
              Go on with an interrupted evaluation

          --overwrite
              Replace results that are there already; what the command reads is never replaced

          --cohort <COHORT>
              Cohort store, repertoire file or folder of files

          --metadata <TABLE>
              Table of labels for files, one row a repertoire (.tsv, .csv)

      -h, --help
              Print help (see a summary with '-h')

    Example:
      reperio evaluate --cohort cohort --target disease --folds 5 --out evaluation
      reperio evaluate --cohort cohort --target disease --permute-labels --out control
      reperio evaluate --cohort cohort --target disease --split 60/20/20 --out evaluation
      reperio evaluate --cohort others --model run --out test
    ");
}

#[test]
fn compare_explains_its_options() {
    assert_snapshot!(own("compare"), @r#"
    Compare published methods with Reperio on the same folds

    Every method chooses its hyper-parameters inside the training part of each fold. Two controls stand
    beside them: depth and diversity alone, and Reperio on permuted labels. Writes compare.html,
    compare.md, compare.tsv, compare.json, predictions.tsv, splits.tsv and, fold by fold, what each
    method chose.

    Usage: reperio compare [OPTIONS] --out <DIR> --cohort <COHORT> --target <COLUMN>

    Options:
          --out <DIR>
              Folder to write to

          --methods <NAMES>
              Methods, separated by commas [default: all]; a wrong name shows them

          --folds <K>
              Folds

              [default: 5]

          --splits <TSV>
              Table of `repertoire_id` and `fold` to use in place of drawn folds, as `evaluate` writes
              it

          --repeats <N>
              Repeats of the cross-validation, each with folds of its own

              [default: 1]

          --simulated <DIR>
              Folder that `simulate` wrote: adds the known-motif oracle and how well implanted sequences
              are found

          --deeprc-updates <N>
              Updates of the published network, 100,000 in its publication

              [default: 5000]

          --resume
              Go on with an interrupted comparison, or add methods to a finished one

          --overwrite
              Replace results that are there already; what the command reads is never replaced

          --cohort <COHORT>
              Cohort store, repertoire file or folder of files

          --metadata <TABLE>
              Table of labels for files, one row a repertoire (.tsv, .csv)

      -h, --help
              Print help (see a summary with '-h')

    Example:
      reperio compare --cohort cohort --target disease --out comparison
      reperio compare --cohort made/repertoires --metadata made/metadata.tsv --target label \
        --simulated made --methods reperio,kmer3-logistic,burden --out comparison
      reperio compare --cohort cohort --target disease --out comparison --resume
    "#);
}
