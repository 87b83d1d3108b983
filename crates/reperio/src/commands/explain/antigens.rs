//! Known antigens beside the clonotypes that drove the scores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use reperio_data::antigens::{self, Antigens, FileReport};
use reperio_data::repertoire::Repertoire;
use reperio_model::explain::annotation::{self, Annotated, Known};
use reperio_model::explain::{Explained, Ranked};
use serde::Serialize;

use crate::shell::output::{align, row};
use crate::tables::antigens as tables;

/// Leading clonotypes with their matches that are printed, for each output.
const SHOWN: usize = 5;

/// Table of the leading clonotypes that match, for all repertoires and for each.
pub(super) const ANNOTATIONS: &str = "annotations.tsv";
/// Table of how many match, and how many would by chance.
pub(super) const CHANCE: &str = "annotation_chance.tsv";

/// The options.
#[derive(clap::Args)]
pub(super) struct AnnotateArgs {
    /// Export of VDJdb, McPAS-TCR or the IEDB: shows known antigens beside the 100 leading clonotypes, and how many
    /// matches chance gives; can be given more than once
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    pub(super) annotate: Vec<PathBuf>,
}

/// Holds leading clonotypes against the databases, repertoire by repertoire in any order.
pub(super) struct Annotator {
    antigens: Antigens,
    seen: Mutex<BTreeMap<String, (Known, Vec<Annotated>)>>,
}

impl Annotator {
    /// Reads the exports; nothing without any.
    pub(super) fn load(files: &[PathBuf]) -> Result<Option<Self>> {
        if files.is_empty() {
            return Ok(None);
        }
        let antigens = antigens::load(files)?;
        for file in &antigens.files {
            tracing::info!("{}", used(file));
        }
        if antigens.index.entries().is_empty() {
            tracing::warn!("no receptor of the databases can be used: nothing will match");
        }
        Ok(Some(Self { antigens, seen: Mutex::default() }))
    }

    /// What became of the files.
    pub(super) fn files(&self) -> &[FileReport] {
        &self.antigens.files
    }

    /// Looks at one repertoire and writes its matches into its folder.
    pub(super) fn add(
        &self,
        folder: &Path,
        repertoire: &Repertoire,
        (outputs, explained): (&[String], &Explained),
    ) -> Result<()> {
        let index = &self.antigens.index;
        let known = Known::of(index, repertoire);
        let best = (outputs, &explained.best[..]);
        let annotated = annotation::of_repertoire(index, &known, repertoire, best);
        tables::write(&folder.join(ANNOTATIONS), index, &annotated)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(repertoire.id.clone(), (known, annotated));
        Ok(())
    }

    /// Looks at the ranking of all and writes its matches, and what chance gives.
    pub(super) fn finish(self, out: &Path, ranked: &[Ranked]) -> Result<KnownAntigens> {
        let Self { antigens: Antigens { index, files }, seen } = self;
        let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let known = seen.iter().map(|(id, (known, _))| (id.clone(), known.clone())).collect();
        let all = annotation::of_ranking(&index, &known, ranked);
        tables::write(&out.join(ANNOTATIONS), &index, &all)?;
        tables::write_chance(&out.join(CHANCE), &all, &seen)?;
        let outputs = all.iter().map(|own| Leaders::of(&index, own)).collect();
        Ok(KnownAntigens { receptors: index.entries().len(), files, outputs })
    }
}

/// What is said of known antigens.
#[derive(Serialize)]
pub(crate) struct KnownAntigens {
    /// Distinct receptors of the databases.
    receptors: usize,
    /// What became of each file.
    files: Vec<FileReport>,
    /// Matches among the leading clonotypes of all repertoires together, for each output.
    outputs: Vec<Leaders>,
}

/// The leading clonotypes for one output.
#[derive(Serialize)]
struct Leaders {
    /// The output.
    output: String,
    /// Leading clonotypes.
    leading: usize,
    /// Those that match.
    found: usize,
    /// Matches expected by chance.
    expected: f64,
    /// Probability of as many or more by chance.
    p_value: f64,
    /// The first of those that match.
    first: Vec<Matching>,
}

/// A leading clonotype with what it matches.
#[derive(Serialize)]
struct Matching {
    /// Place in the ranking, from 1.
    rank: usize,
    /// Junction, anchors included.
    junction_aa: String,
    /// V gene.
    v_call: String,
    /// Receptors that it matches.
    receptors: usize,
    /// Whether one of them has the same junction.
    exact: bool,
    /// Antigens of the best of them: the species if it is known, else the protein or the epitope.
    antigen: String,
}

impl Leaders {
    fn of(index: &antigens::AntigenIndex, own: &Annotated) -> Self {
        let first = own.hits.iter().take(SHOWN).map(|hit| {
            let best = &index.entries()[hit.matches[0].entry];
            let names = [&best.antigen_species, &best.antigen, &best.epitope];
            let antigen = names.into_iter().find(|name| !name.is_empty());
            Matching {
                rank: hit.rank,
                junction_aa: hit.junction_aa.clone(),
                v_call: hit.v_call.clone(),
                receptors: hit.matches.len(),
                exact: hit.matches[0].substituted.is_none(),
                antigen: antigen.map(ToString::to_string).unwrap_or_default(),
            }
        });
        let any = &own.chances[0];
        Self {
            output: own.output.clone(),
            leading: any.leading,
            found: any.found,
            expected: any.expected,
            p_value: any.p_value,
            first: first.collect(),
        }
    }
}

/// What of a file is used.
fn used(file: &FileReport) -> String {
    let FileReport { path, database, used, chains, unused, .. } = file;
    let reasons: Vec<String> = unused.iter().map(|(why, n)| format!("{why} {n}")).collect();
    let not = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{}: {used} of {chains} chains of {database} are used{not}", path.display())
}

impl KnownAntigens {
    /// Lines for a terminal.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.files.iter().map(used).collect();
        for own in &self.outputs {
            let Leaders { output, leading, found, expected, p_value, .. } = own;
            let p =
                if *p_value < 0.001 { format!("{p_value:.1e}") } else { format!("{p_value:.3}") };
            lines.push(format!(
                "known antigens, {output}: {found} of the {leading} leading clonotypes match, {expected:.2} expected by chance (P {p})"
            ));
        }
        let mut rows =
            vec![row([&"output", &"rank", &"junction", &"V", &"match", &"receptors", &"antigen"])];
        for own in &self.outputs {
            for hit in &own.first {
                let kind = if hit.exact { "exact" } else { "substitution" };
                let Matching { rank, junction_aa, v_call, receptors, antigen, .. } = hit;
                rows.push(row([&own.output, rank, junction_aa, v_call, &kind, receptors, antigen]));
            }
        }
        lines.extend((rows.len() > 1).then(|| align(&rows)).into_iter().flatten());
        lines
    }
}
