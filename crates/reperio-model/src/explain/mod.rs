//! What drove the scores of a cohort: the clonotypes with the highest evidence, who carries them, and what the heads
//! attend to.
//!
//! [`one`] explains a repertoire, [`inputs`] all that some files hold, [`rank`] those of a cohort in memory. Every
//! repertoire is pooled once and ranked once. [`annotation`] holds the leaders against receptors whose antigen is known.
//!
//! # Examples
//!
//! ```no_run
//! use std::path::Path;
//!
//! use reperio_data::cohort::ReadRequest;
//! use reperio_data::progress::Silent;
//! use reperio_model::{explain, model::Model};
//!
//! let model = Model::load(Path::new("run"))?;
//! let request = ReadRequest { inputs: vec!["cohort".into()], ..ReadRequest::default() };
//! let found = explain::inputs(&model, &request, 100, &Silent, |repertoire, explained| {
//!     println!("{}: {} clonotypes", repertoire.id, explained.best[0].len());
//!     Ok(())
//! })?;
//! println!("{} leads", found.ranking.sequences[0].junction_aa);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod annotation;
mod best;
mod cases;
mod families;
mod heads;
mod ranking;
mod sums;

use std::collections::BTreeMap;
use std::error::Error;

use rayon::prelude::*;
use reperio_data::cohort::{Cohort, CohortError, ReadRequest};
use reperio_data::metadata::{Metadata, Row};
use reperio_data::progress::Observer;
use reperio_data::repertoire::Repertoire;

use crate::covariates::{CovariateError, Covariates};
use crate::each::each;
use crate::evaluate::COVERAGE;
use crate::model::{Attended, CovariateShare, Explanation, Model};
use crate::patient::{self, Patient};
use crate::score::{self, Score};

pub use best::Leading;
pub use cases::{Case, Known, Memory, Stored, associate};
pub(crate) use cases::{Coordinates, Features, Sources, squared, stored_state, weights};
pub use families::Family;
pub use heads::{HeadName, HeadSummary, head_names};
use heads::{Junction, Sample};
use ranking::{Carriers, Leaders};
pub use ranking::{Ranked, Ranking};
pub use sums::Sum;
use sums::TOLERANCE;

/// Why repertoires could not be explained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The evidences are not those of the score.
    #[error(
        "{id}: evidence plus bias differs from the logit by {difference}, expected at most {TOLERANCE}: the model is damaged"
    )]
    Sum {
        /// Repertoire.
        id: String,
        /// How far they are from the logit.
        difference: f64,
    },
    /// A file was written over between the two times that it was read.
    #[error("{id} changed while it was explained: run the command again")]
    Changed {
        /// Repertoire.
        id: String,
    },
    /// No repertoire has a clonotype.
    #[error("no repertoire to explain")]
    Nothing,
    /// A covariate of a repertoire cannot be used.
    #[error(transparent)]
    Covariate(#[from] CovariateError),
    /// The person asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// The repertoires cannot be read, or the caller refused one.
    #[error(transparent)]
    Cohort(#[from] CohortError),
}

/// One repertoire, explained.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Attention and evidence of every clonotype.
    pub explanation: Explanation,
    /// For each output the clonotypes with the highest evidence, highest first, equal ones in their own order.
    pub best: Vec<Vec<Leading>>,
    /// What each logit is made of.
    pub sums: Vec<Sum>,
    /// The output that the first target predicts: its only one, or the class with the highest logit.
    pub predicted: usize,
    /// Its score, as `score` gives it.
    pub score: Score,
}

/// Explains one repertoire and ranks its clonotypes, the `top` of each output; `None` without clonotypes.
///
/// # Errors
///
/// If the evidences do not add up to the score.
pub fn one<'a>(
    model: &Model,
    patient: impl Into<Patient<'a>>,
    top: usize,
) -> Result<Option<Explained>, ExplainError> {
    let patient = patient.into();
    let repertoire = patient.repertoire;
    if repertoire.is_empty() {
        return Ok(None);
    }
    let explanation = model.explain(patient);
    let sums = sums::sums(&explanation);
    sums::check(&repertoire.id, &sums)?;
    let best = best::best(&explanation, top);
    let predicted = best::highest(&explanation.logits[..model.info().targets[0].width()]);
    let score = score::of_outputs(model, patient, &explanation.logits, COVERAGE);
    Ok(Some(Explained { explanation, best, sums, predicted, score }))
}

/// What is said of one repertoire among others.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedRepertoire {
    /// Its id.
    pub id: String,
    /// Its clonotypes.
    pub clonotypes: usize,
    /// What each logit is made of.
    pub sums: Vec<Sum>,
    /// What the covariates add.
    pub covariates: Vec<CovariateShare>,
    /// What each head attends to, in the order of [`head_names`].
    pub heads: Vec<Attended>,
    /// Its score, as `score` gives it.
    pub score: Score,
}

/// A cohort, explained.
#[derive(Clone, Debug, PartialEq)]
pub struct ExplainedCohort {
    /// Its repertoires with clonotypes, by id.
    pub repertoires: Vec<ExplainedRepertoire>,
    /// Ids of those without, which are left out.
    pub empty: Vec<String>,
    /// What their table says of all of them.
    pub metadata: Metadata,
    /// The largest difference between a logit and what it is made of.
    pub largest_difference: f64,
    /// What each head attends to.
    pub heads: Vec<HeadSummary>,
    /// The distinct clonotypes with the highest evidence, output by output, and their families.
    pub ranking: Ranking,
}

/// Explains the repertoires that `request` reads, hands each to `work`, and ranks their clonotypes together: the `top`
/// of each output.
///
/// The repertoires are read twice, and none is kept: to be explained, and to count who carries the clonotypes that
/// turned out to lead. `work` is called in any order and in several threads.
///
/// # Errors
///
/// If a repertoire cannot be read, `work` refuses it, or its evidences do not add up to its score; if none has a
/// clonotype.
pub fn inputs(
    model: &Model,
    request: &ReadRequest,
    top: usize,
    observer: &dyn Observer,
    work: impl Fn(&Repertoire, &Explained) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
) -> Result<ExplainedCohort, ExplainError> {
    let leaders = Leaders::new(model, top);
    let covariates = &model.info().covariates;
    let explain =
        |repertoire: Repertoire, row: Row<'_>| -> Result<_, Box<dyn Error + Send + Sync>> {
            let values = patient::values(covariates, &repertoire.id, row)?;
            let patient = Patient::new(&repertoire, &values);
            let Some(explained) = one(model, patient, top)? else { return Ok(None) };
            work(&repertoire, &explained)?;
            leaders.add(&repertoire, &explained.best);
            Ok(Some(Kept::new(&repertoire, explained)))
        };
    let visited = request.visit("explaining", observer, explain)?;
    let ids = visited.metadata.ids().iter().zip(&visited.results);
    let empty = ids.filter(|(_, one)| one.is_none()).map(|(id, _)| id.clone());
    let empty: Vec<String> = empty.collect();
    for id in &empty {
        tracing::warn!("{id} has no clonotypes: there is nothing to explain");
    }
    let all: Vec<Kept> = visited.results.into_iter().flatten().collect();
    if all.is_empty() {
        return Err(ExplainError::Nothing);
    }
    let carriers = Carriers::new(model, leaders, &visited.metadata);
    let others = Again::new(&all, &carriers).visit(request, observer)?;
    let differences = all.iter().flat_map(|one| &one.own.sums).map(Sum::difference);
    Ok(ExplainedCohort {
        empty,
        largest_difference: differences.fold(0.0, f64::max),
        heads: heads::summary(model, &all, &others),
        ranking: carriers.ranked(),
        metadata: visited.metadata,
        repertoires: all.into_iter().map(|one| one.own).collect(),
    })
}

/// Explains the repertoires of a cohort in memory, calls `work` on every one, and ranks their clonotypes together: the
/// `top` of each output. One without clonotypes has no explanation.
///
/// # Errors
///
/// If evidences do not add up to a score, or the observer has cancelled.
pub fn rank<T: Send>(
    model: &Model,
    cohort: &Cohort,
    top: usize,
    observer: &dyn Observer,
    work: impl Fn(&Repertoire, Option<&Explained>) -> T + Sync,
) -> Result<(Vec<T>, Ranking), ExplainError> {
    let (leaders, repertoires) = (Leaders::new(model, top), cohort.repertoires());
    let covariates = Covariates::of(cohort.metadata(), &model.info().covariates)?;
    let results = each("explaining", repertoires.len(), observer, |i| -> Result<T, ExplainError> {
        let values = covariates.row(i);
        let explained = one(model, Patient::new(&repertoires[i], &values), top)?;
        if let Some(explained) = &explained {
            leaders.add(&repertoires[i], &explained.best);
        }
        Ok(work(&repertoires[i], explained.as_ref()))
    });
    let results = results.ok_or(ExplainError::Cancelled)?;
    let results = results.into_iter().collect::<Result<_, ExplainError>>()?;
    let carriers = Carriers::new(model, leaders, cohort.metadata());
    repertoires.par_iter().for_each(|repertoire| carriers.add(repertoire));
    Ok((results, carriers.ranked()))
}

/// What is kept of one repertoire until all have been seen.
struct Kept {
    own: ExplainedRepertoire,
    fingerprint: [u8; 32],
    /// For each head the junctions that it attends to most.
    most: Vec<Vec<Junction>>,
}

impl Kept {
    fn new(repertoire: &Repertoire, Explained { explanation, sums, score, .. }: Explained) -> Self {
        let own = ExplainedRepertoire {
            id: repertoire.id.clone(),
            clonotypes: repertoire.len(),
            sums,
            covariates: explanation.covariates.clone(),
            heads: explanation.attended(),
            score,
        };
        let most = heads::most(repertoire, &explanation);
        Self { own, fingerprint: repertoire.fingerprints().counted, most }
    }
}

/// What the second look at every repertoire takes.
struct Again<'a> {
    carriers: &'a Carriers,
    sample: Sample,
    fingerprints: BTreeMap<&'a str, [u8; 32]>,
}

impl<'a> Again<'a> {
    fn new(all: &'a [Kept], carriers: &'a Carriers) -> Self {
        let fingerprints = all.iter().map(|one| (one.own.id.as_str(), one.fingerprint)).collect();
        Self { carriers, sample: Sample::of(all), fingerprints }
    }

    /// Counts carriers; returns junctions that represent the cohort.
    fn visit(
        &self,
        request: &ReadRequest,
        observer: &dyn Observer,
    ) -> Result<Vec<Vec<u8>>, ExplainError> {
        let look = |repertoire: Repertoire, _: Row<'_>| Ok(self.look(&repertoire)?);
        let visited = request.visit("counting carriers", observer, look)?;
        Ok(visited.results.into_iter().flatten().collect())
    }

    /// Junctions that represent the repertoire.
    fn look(&self, repertoire: &Repertoire) -> Result<Vec<Vec<u8>>, ExplainError> {
        let id = &repertoire.id;
        let is_same = match self.fingerprints.get(id.as_str()) {
            Some(own) => *own == repertoire.fingerprints().counted,
            None => repertoire.is_empty(),
        };
        if !is_same {
            return Err(ExplainError::Changed { id: id.clone() });
        }
        self.carriers.add(repertoire);
        Ok(self.sample.take(repertoire))
    }
}
