//! Options for reading repertoires, the same in every command that takes files.

use std::num::NonZeroU64;
use std::path::PathBuf;

use anyhow::Result;
use reperio_data::cohort::{Cohort, ReadRequest};
use reperio_data::format::{Columns, Format, ReadOptions};
use reperio_data::gene::{Locus, Species};
use reperio_data::limits::MAX_RATIO;
use reperio_data::progress::Observer;

use crate::shell::Shell;

/// How to read input files.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Reading files")]
pub(crate) struct ReadArgs {
    /// Format of the files [default: recognised by their headers]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Species of the genes [default: the species that the file states, else human]
    #[arg(long, value_name = "SPECIES")]
    species: Option<Species>,
    /// Keep only this locus, for example TRB; may be repeated [default: all]
    #[arg(long, value_name = "LOCUS")]
    locus: Vec<Locus>,
    /// Shortest junction to keep, in residues
    #[arg(long, value_name = "N", default_value_t = ReadOptions::default().min_length)]
    min_length: usize,
    /// Longest junction to keep, in residues
    #[arg(long, value_name = "N", default_value_t = ReadOptions::default().max_length)]
    max_length: usize,
    /// Column that names the repertoire of each row
    #[arg(long, value_name = "COLUMN")]
    repertoire_column: Option<String>,
    /// Column of the counts [default: cells, else molecules, else reads]
    #[arg(long, value_name = "COLUMN")]
    count_column: Option<String>,
    /// Skip and list files in folders that cannot be read [default: an error]
    #[arg(long)]
    skip_unreadable: bool,
    /// Largest number of decompressed bytes per compressed byte; more is treated as an attack
    #[arg(long, value_name = "N", default_value_t = most())]
    max_ratio: NonZeroU64,
    /// Column that holds FIELD, as FIELD=COLUMN; may be repeated. FIELD is `junction_aa` (both anchors
    /// included), `cdr3_aa`, `junction`, `v_call`, `j_call`, `duplicate_count`, `locus` or `productive`.
    /// With one of the first three, only the named columns are read
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = column)]
    column: Vec<(String, String)>,
}

/// The default of `--max-ratio`.
fn most() -> NonZeroU64 {
    NonZeroU64::new(MAX_RATIO).unwrap_or(NonZeroU64::MAX)
}

impl ReadArgs {
    /// The same as the library takes them.
    pub(crate) fn options(&self) -> ReadOptions {
        let columns = (!self.column.is_empty()).then(|| columns(&self.column));
        ReadOptions {
            format: self.format,
            columns,
            species: self.species,
            loci: self.locus.clone(),
            min_length: self.min_length,
            max_length: self.max_length,
            repertoire_column: self.repertoire_column.clone(),
            count_column: self.count_column.clone(),
            skip_unreadable: self.skip_unreadable,
            max_ratio: self.max_ratio.get(),
        }
    }
}

impl ReadArgs {
    /// What a server is told of them: the options that were given, by the names of its parameters.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let default = ReadOptions::default();
        let length = |given: usize, own: usize| (given != own).then(|| given.to_string());
        let one = [
            ("format", self.format.map(|own| own.to_string())),
            ("species", self.species.map(|own| own.to_string())),
            ("min_length", length(self.min_length, default.min_length)),
            ("max_length", length(self.max_length, default.max_length)),
            ("repertoire_column", self.repertoire_column.clone()),
            ("count_column", self.count_column.clone()),
        ];
        let one = one.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let loci = self.locus.iter().map(|own| ("locus", own.to_string()));
        let columns = self.column.iter().map(|(field, name)| ("column", format!("{field}={name}")));
        one.chain(loci).chain(columns).collect()
    }
}

/// Parses `FIELD=COLUMN`.
fn column(text: &str) -> Result<(String, String), String> {
    let fields =
        "junction_aa, cdr3_aa, junction, v_call, j_call, duplicate_count, locus, productive";
    match text.split_once('=') {
        Some((field, name)) if fields.split(", ").any(|known| known == field) => {
            Ok((field.to_owned(), name.to_owned()))
        }
        _ => Err(format!("expected FIELD=COLUMN with FIELD one of {fields}")),
    }
}

fn columns(named: &[(String, String)]) -> Columns {
    let find = |field: &str| {
        let pair = named.iter().find(|(own, _)| own == field);
        pair.map(|(_, name)| name.clone())
    };
    Columns {
        junction_aa: find("junction_aa"),
        cdr3_aa: find("cdr3_aa"),
        junction: find("junction"),
        v_call: find("v_call"),
        j_call: find("j_call"),
        duplicate_count: find("duplicate_count"),
        locus: find("locus"),
        productive: find("productive"),
    }
}

/// Repertoires to work on.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct InputArgs {
    /// Cohort stores, repertoire files or folders of files
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Table of labels, one row per repertoire (.tsv, .csv)
    #[arg(long, value_name = "TABLE")]
    pub(crate) metadata: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

impl InputArgs {
    /// The same as the library takes them.
    pub(crate) fn request(&self, shell: &Shell) -> ReadRequest {
        shell.request(&self.inputs, self.metadata.as_ref(), self.read.options())
    }

    /// Reads everything.
    pub(crate) fn load(&self, shell: &Shell) -> Result<Cohort> {
        load(self.request(shell), shell)
    }
}

/// Reads everything.
pub(crate) fn load(request: ReadRequest, shell: &Shell) -> Result<Cohort> {
    let load = move |observer: &dyn Observer| request.load(observer);
    shell.read("nothing was written, run the command again", load)
}
