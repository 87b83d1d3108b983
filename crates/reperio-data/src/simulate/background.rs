//! Where the clonotypes of a simulated repertoire come from, before anything is implanted.

use std::collections::HashSet;

use rand::Rng;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;

use super::config::{BackgroundMix, Clonotypes, MOST_CLONOTYPES, SimulationConfig};
use super::draft::{self, Draft};
use crate::generator::{DepthModel, Generator, Usage};
use crate::repertoire::Repertoire;

/// Draws for one clonotype before a generator counts as exhausted: a repertoire's clonotypes are
/// distinct, and a generator fitted to little may not have enough of them.
const ATTEMPTS: usize = 100;

/// Where clonotypes come from.
#[derive(Clone, Copy, Debug)]
pub enum Background<'a> {
    /// Drawn by a generator; all of a repertoire are distinct.
    Generator(&'a Generator),
    /// Rows of real repertoires, with their genes and counts. They are drawn anew for each simulated
    /// repertoire, so where there are fewer real repertoires than simulated ones, a row stands in
    /// several; labels are independent of it.
    Repertoires(&'a [Repertoire]),
}

impl<'a> Background<'a> {
    pub(super) fn is_empty(self) -> bool {
        match self {
            Self::Generator(_) => false,
            Self::Repertoires(real) => real.iter().all(Repertoire::is_empty),
        }
    }

    /// The background of one repertoire.
    pub(super) fn draw(
        self,
        config: &SimulationConfig,
        mut host: Host<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Draft<'a> {
        let n = match config.clonotypes {
            Clonotypes::Fixed(n) => n,
            Clonotypes::LogNormal { median, sd_ln } => DepthModel { median, sd_ln }.draw(rng),
        };
        let factor = if host.positive { config.positive_depth } else { 1.0 };
        let n = ((n as f64 * factor).round() as usize).clamp(1, 10 * MOST_CLONOTYPES);
        match (self, config.background_mix) {
            (Self::Generator(generator), _) => generated(generator, config, n, &mut host, rng),
            (Self::Repertoires(real), BackgroundMix::Run) => {
                one_run(real, n, &mut host.subject, rng)
            }
            (Self::Repertoires(real), BackgroundMix::Pool) => pooled(real, n, rng),
        }
    }
}

/// Whom a repertoire comes from.
pub(super) struct Host<'u> {
    /// The random stream that all repertoires of the subject start with.
    pub(super) subject: ChaCha8Rng,
    /// Whether the subject's `label` is 1.
    pub(super) positive: bool,
    /// The gene usage of the batch, and the share of clonotypes that follow it.
    pub(super) batch: Option<(&'u Usage, f64)>,
}

/// Distinct clonotypes of a generator.
fn generated<'a>(
    generator: &'a Generator,
    config: &SimulationConfig,
    n: usize,
    host: &mut Host<'_>,
    rng: &mut ChaCha8Rng,
) -> Draft<'a> {
    let own = if config.gene_variation {
        generator.draw_usage(&mut host.subject)
    } else {
        generator.mean_usage()
    };
    let (genes, counts) = (generator.genes(), generator.counts());
    let mut draft = Draft::with_capacity(n);
    let mut seen = HashSet::with_capacity(n);
    let mut junction = Vec::new();
    for _ in 0..n.saturating_mul(ATTEMPTS) {
        if draft.len() == n {
            break;
        }
        junction.clear();
        let usage = match host.batch {
            Some((batch, effect)) if rng.random_bool(effect) => batch,
            _ => &own,
        };
        let (v, j) = generator.draw(usage, &mut junction, rng);
        if seen.insert(draft::hash(&junction, (v, j))) {
            draft.push(&junction, (&genes.v[v], &genes.j[j]), counts.draw(rng));
        }
    }
    draft
}

/// Rows of one real repertoire without replacement; when it has too few, of further ones.
fn one_run<'a>(
    real: &'a [Repertoire],
    n: usize,
    subject: &mut ChaCha8Rng,
    rng: &mut ChaCha8Rng,
) -> Draft<'a> {
    let mut order: Vec<usize> = (0..real.len()).collect();
    order.shuffle(subject);
    let mut draft = Draft::with_capacity(n);
    for run in order {
        let run = &real[run];
        let wanted = (n - draft.len()).min(run.len());
        for row in index::sample(rng, run.len(), wanted) {
            push_row(&mut draft, run, row);
        }
        if draft.len() == n {
            break;
        }
    }
    draft
}

/// Rows of all real repertoires, with replacement.
fn pooled<'a>(real: &'a [Repertoire], n: usize, rng: &mut ChaCha8Rng) -> Draft<'a> {
    let mut total = 0;
    let ends: Vec<usize> = real
        .iter()
        .map(|run| {
            total += run.len();
            total
        })
        .collect();
    let mut draft = Draft::with_capacity(n);
    for _ in 0..n {
        let row = rng.random_range(0..total);
        let run = ends.partition_point(|&end| end <= row);
        push_row(&mut draft, &real[run], row + real[run].len() - ends[run]);
    }
    draft
}

fn push_row<'a>(draft: &mut Draft<'a>, run: &'a Repertoire, row: usize) {
    draft.push(run.junction_codes(row), (run.v_call(row), run.j_call(row)), run.counts()[row]);
}
