//! A fresh folder a test, and made-up files to put into it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use insta_cmd::get_cargo_bin;
use tempfile::TempDir;

/// The header of the smallest useful AIRR table.
pub(crate) const HEADER: &str = "v_call\tj_call\tjunction_aa\tduplicate_count\n";

/// One usable row under [`HEADER`].
pub(crate) const ROW: &str = "TRBV9\tTRBJ2-3\tCASSLGTDTQYF\t3\n";

/// An empty folder.
pub(crate) fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// A `reperio` command that runs in `folder`.
pub(crate) fn reperio(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(get_cargo_bin("reperio"));
    command.current_dir(folder.path()).env_remove("RUST_BACKTRACE").args(arguments);
    command
}

/// Runs `reperio`, which must succeed, and returns its stdout.
pub(crate) fn done(folder: &TempDir, arguments: &[&str]) -> String {
    let output = reperio(folder, arguments).output().expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).expect("stdout is UTF-8")
}

/// Runs `reperio --json` and returns its object.
pub(crate) fn json(folder: &TempDir, arguments: &[&str]) -> serde_json::Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    serde_json::from_str(&done(folder, &all)).expect("one JSON object on stdout")
}

/// Writes `content` to `name` in `folder`, with the folders above it.
pub(crate) fn write(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("a name inside the folder")).expect("make folders");
    fs::write(path, content).expect("write the fixture");
}

/// `n` repertoires of `size` clonotypes in `files/`, every second one positive in `labels.tsv`.
///
/// Half of the clonotypes of a positive repertoire carry `WWW`, which no others do.
pub(crate) fn small_cohort(folder: &TempDir, n: usize, size: usize) {
    let mut labels = "repertoire_id\tsubject_id\tlabel\tone_class\n".to_owned();
    for r in 0..n {
        let positive = r % 2 == 1;
        let mut table = HEADER.to_owned();
        for i in 0..size {
            let middle = if positive && i % 2 == 0 { "WWW" } else { "GTD" };
            let (a, b) = (letter(i + r), letter(i / 20 + 3 * r));
            let (v, j) = (1 + (i + r) % 3, 1 + i % 2);
            writeln!(
                table,
                "TRBV7-{v}\tTRBJ2-{j}\tCASS{a}{middle}{b}{}F\t{}",
                letter(i * 7),
                1 + i % 4
            )
            .expect("a string takes everything");
        }
        write(folder, &format!("files/r{r:02}.tsv"), table);
        let label = if positive { "sick" } else { "well" };
        writeln!(labels, "r{r:02}\ts{}\t{label}\tsame", r / 2).expect("a string takes everything");
    }
    write(folder, "labels.tsv", labels);
}

/// What a command is told of a [`small_cohort`] that it learns from.
const COHORT: [&str; 6] = ["--cohort", "files", "--metadata", "labels.tsv", "--target", "label"];

/// The arguments of a `command` that learns from a [`small_cohort`], and `more`.
pub(crate) fn on_cohort<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command], &COHORT[..], more].concat()
}

fn letter(i: usize) -> char {
    char::from(b"ACDEFGHIKLMNPQRSTVWY"[i % 20])
}

/// Every file below `path` with its bytes, except logs and events, which hold the time.
pub(crate) fn bytes(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    collect(path, path, &mut files);
    files
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
        if path.is_dir() {
            collect(root, &path, files);
        } else if !name.starts_with("tensorboard") && !name.ends_with("log.jsonl") {
            files.insert(name, fs::read(&path).expect("a readable file"));
        }
    }
}

/// The cells of some columns of a table, plain or gzip.
pub(crate) fn rows(path: &Path, columns: &[&str]) -> Vec<Vec<String>> {
    use std::io::Read as _;
    let content = fs::read(path).expect("a readable table");
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(&content[..]).read_to_string(&mut text).expect("gzip of text");
    } else {
        text = String::from_utf8(content).expect("text");
    }
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let place = |name: &&str| header.iter().position(|own| own == name).expect("a known column");
    let places: Vec<usize> = columns.iter().map(place).collect();
    lines.map(|row| places.iter().map(|&place| row[place].to_owned()).collect()).collect()
}
