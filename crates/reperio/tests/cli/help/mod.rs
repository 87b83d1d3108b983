//! The help texts: they are the manual, so a change to them should be seen.

mod options;

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
      pretrain       Pre-train a network on repertoires without labels
      train          Train a classifier
      evaluate       Cross-validate a classifier, or test a trained one
      compare        Compare published methods with Reperio on the same folds
      score          Score repertoires with a trained model
      explain        Rank the sequences that drove a model's scores
      report         Make the page of a run again
      serve          Serve scores and explanations over HTTP and in a browser
      token          Make a token for whoever may call the server
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
        "pretrain",
        "train",
        "evaluate",
        "score",
        "report",
        "serve",
        "token",
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
const SHARED: [&str; 8] = [
    "Reading files:",
    "Target:",
    "Covariates:",
    "Training:",
    "Background:",
    "Depth:",
    "Device:",
    "Every command:",
];

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

    Covariates:
          --covariate <COLUMN>
              Column that is a part of the model beside the repertoires, such as age; may be repeated.
              Numbers, classes, missing values. A score then needs it too; a missing value adds nothing

          --adjust <COLUMN>
              Column whose say is removed, such as age or batch; may be repeated. The parts learn what
              it does not explain, and a score is without it

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

    Background:
          --background <COHORT>...
              Unlabelled repertoires of other people (cohort stores, files, folders): what they carry as
              well is no sign of the positive class; read one by one, labels are never looked at

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
