//! Implanted sequences, and how well evidence recovers them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reperio_data::alphabet;
use reperio_data::compress::{self, OpenError};
use reperio_data::limits::MAX_RATIO;
use reperio_data::repertoire::Repertoire;
use reperio_data::simulate::{Oracle, Target};
use reperio_model::explain::Ranked;
use reperio_stats::metrics;
use serde::{Deserialize, Serialize};

/// (`junction_aa`, `v_call`, `j_call`)
type Clonotype = (String, String, String);

/// The implanted clonotypes of each repertoire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    implanted: BTreeMap<String, BTreeSet<Clonotype>>,
}

/// How well the implanted sequences of held-out repertoires are ranked by their evidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recovery {
    /// Average precision over all clonotypes of all positive repertoires.
    pub average_precision: f64,
    /// Jaccard index of the n distinct implanted clonotypes and the first n distinct clonotypes of the
    /// ranking.
    pub jaccard: f64,
}

/// Why a truth table could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TruthError {
    /// The file could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is not the table that `simulate` writes.
    #[error("{path}: expected a table of repertoire_id, junction_aa, v_call, j_call")]
    Table {
        /// File being read.
        path: PathBuf,
        /// What the reader says, with the line.
        source: csv::Error,
    },
}

/// A row of the table that `simulate` writes; its other columns are passed over.
#[derive(Deserialize)]
struct TruthRow {
    repertoire_id: String,
    junction_aa: String,
    v_call: String,
    j_call: String,
}

impl Truth {
    /// Reads `truth.tsv.gz` of a simulated cohort.
    ///
    /// # Errors
    ///
    /// See [`TruthError`].
    pub fn read(path: &Path) -> Result<Self, TruthError> {
        let (_, file) = compress::open(path, MAX_RATIO)?;
        let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').from_reader(file);
        let mut truth = Self::default();
        for row in reader.deserialize() {
            let TruthRow { repertoire_id, junction_aa, v_call, j_call } =
                row.map_err(|source| TruthError::Table { path: path.to_owned(), source })?;
            truth.insert(&repertoire_id, &junction_aa, &v_call, &j_call);
        }
        Ok(truth)
    }

    /// Notes that a repertoire holds an implanted clonotype.
    pub fn insert(&mut self, repertoire_id: &str, junction_aa: &str, v_call: &str, j_call: &str) {
        let clonotype = (junction_aa.to_owned(), v_call.to_owned(), j_call.to_owned());
        self.implanted.entry(repertoire_id.to_owned()).or_default().insert(clonotype);
    }

    /// Repertoires with an implanted clonotype.
    pub fn len(&self) -> usize {
        self.implanted.len()
    }

    /// Whether nothing was implanted.
    pub fn is_empty(&self) -> bool {
        self.implanted.is_empty()
    }

    /// Distinct implanted clonotypes.
    pub fn distinct(&self) -> usize {
        self.implanted.values().flatten().collect::<BTreeSet<_>>().len()
    }

    /// Ranks all clonotypes of `repertoires` by `evidence`; `None` if it has none, or nothing was
    /// implanted.
    pub fn recovery<'a>(
        &self,
        repertoires: impl Iterator<Item = &'a Repertoire>,
        evidence: impl Fn(&Repertoire) -> Option<Vec<f64>>,
    ) -> Option<Recovery> {
        let nothing = BTreeSet::new();
        let (mut scores, mut implanted) = (Vec::new(), Vec::new());
        let mut ranking: Vec<(f64, Clonotype)> = Vec::new();
        let mut wanted: BTreeSet<&Clonotype> = BTreeSet::new();
        for repertoire in repertoires {
            let own = self.implanted.get(&repertoire.id).unwrap_or(&nothing);
            let evidence = evidence(repertoire)?;
            wanted.extend(own);
            for (i, &score) in evidence.iter().enumerate() {
                let clonotype = clonotype(repertoire, i);
                scores.push(score);
                implanted.push(own.contains(&clonotype));
                ranking.push((score, clonotype));
            }
        }
        let average_precision = metrics::average_precision(&scores, &implanted)?;
        ranking.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let mut first = BTreeSet::new();
        for (_, clonotype) in &ranking {
            if first.len() == wanted.len() {
                break;
            }
            first.insert(clonotype);
        }
        let common = first.intersection(&wanted).count() as f64;
        let jaccard = common / (first.len() + wanted.len()) as f64;
        let jaccard = jaccard / (1.0 - jaccard); // |A ∩ B| / (|A| + |B| - |A ∩ B|)
        Some(Recovery { average_precision, jaccard })
    }
}

/// Of the first `n` clonotypes of a ranking, the share that carry a signal of the label.
pub fn share_found(oracle: &Oracle, ranked: &[Ranked], n: usize) -> f64 {
    let carries = |one: &&Ranked| {
        let codes: Option<Vec<u8>> = one.junction_aa.bytes().map(alphabet::code).collect();
        codes.is_some_and(|codes| oracle.carries(Target::Label, &codes, &one.v_call, &one.j_call))
    };
    let found = ranked.iter().take(n).filter(carries).count();
    found as f64 / n.max(1) as f64
}

fn clonotype(repertoire: &Repertoire, i: usize) -> Clonotype {
    let (v_call, j_call) = (repertoire.v_call(i).to_owned(), repertoire.j_call(i).to_owned());
    (repertoire.junction_aa(i), v_call, j_call)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{self, Builder};

    fn repertoire(id: &str, junctions: &[&str]) -> Repertoire {
        let mut builder = Builder::default();
        for junction_aa in junctions {
            builder.push(repertoire::Row {
                junction_aa: JunctionAa::new(junction_aa).unwrap(),
                v_call: "TRBV9",
                j_call: "",
                duplicate_count: 1,
            });
        }
        builder.finish(id.to_owned())
    }

    /// Two implanted of four; the evidence puts one of them first and one last.
    #[test]
    fn recovery_is_that_of_the_ranking() {
        let (one, two) = (repertoire("a", &["CAF", "CDF"]), repertoire("b", &["CEF", "CGF"]));
        let mut truth = Truth::default();
        truth.insert("a", "CAF", "TRBV9", "");
        truth.insert("b", "CGF", "TRBV9", "");
        truth.insert("elsewhere", "CGF", "TRBV9", "");
        assert_eq!((truth.len(), truth.distinct()), (3, 2));
        let score = |own: &Repertoire| {
            let of = |i| f64::from(own.junction_aa(i).as_bytes()[1]);
            Some((0..own.len()).map(|i| -of(i)).collect())
        };
        let found = truth.recovery([&one, &two].into_iter(), score).unwrap();
        // Precision 1 at the first, 2 of 4 at the last.
        assert!((found.average_precision - 0.75).abs() < 1e-12, "{found:?}");
        // {CAF, CDF} and {CAF, CGF} share one of three.
        assert!((found.jaccard - 1.0 / 3.0).abs() < 1e-12, "{found:?}");
        assert_eq!(truth.recovery([&one].into_iter(), |_| None), None);
    }
}
