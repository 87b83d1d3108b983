//! The search: screen, then repeatedly take the strongest candidate, each time without the
//! sequences already explained, so that partial copies of a motif do not take further places.

use std::ops::RangeInclusive;

use rayon::prelude::*;
use reperio_data::encode::MAX_LENGTH;
use reperio_data::kmer::pattern::Pattern;
use reperio_data::progress::{Observer, Progress};
use reperio_stats::normal::two_sided_p;

use super::statistic::Background;
use super::{DiscoveryInput, Seed, hits, screen, strangers};
use crate::config::DiscoveryConfig;

/// Positions distinguished in [`Seed::by_start`] and [`Seed::by_end`].
const POSITIONS: usize = 16;

/// A restriction to late or early positions must raise |z| by this much to be taken.
const RANGE_GAIN: f64 = 1.0;

/// Seeds and the number of tests behind them.
pub(super) struct Found {
    pub(super) seeds: Vec<Seed>,
    pub(super) tested: usize,
}

/// Runs the search.
pub(super) fn search(
    input: DiscoveryInput<'_>,
    config: &DiscoveryConfig,
    observer: &dyn Observer,
) -> Found {
    let mut patterns: Vec<Pattern> =
        config.k.iter().flat_map(|&k| Pattern::all(k, config.max_gaps)).collect();
    patterns.sort_unstable_by_key(|pattern| std::cmp::Reverse(pattern.n_codes()));
    let steps = 2 + config.max_seeds as u64;
    let report = |done: u64| {
        observer.progress(Progress { task: "discovery", done, total: steps, unit: "steps" });
    };
    report(0);
    let screened = screen::screen(input, &patterns, config.candidates);
    report(1);
    let hits = hits::find(input.repertoires, &patterns, &screened.strongest);
    report(2);
    let allowed = strangers::allowed(input, &patterns, &screened.strongest, &hits);
    let mut background = Background::new(input, &hits);
    let mut seeds: Vec<Seed> = Vec::new();
    while seeds.len() < config.max_seeds {
        let Some(best) = strongest(&background, screened.strongest.len(), &allowed) else { break };
        // Step-up limit: the r-th seed may have r times the p-value of the first.
        let rank = seeds.len() as f64 + 1.0;
        let limit =
            config.false_discovery * rank / (screened.tested * input.contrasts.len()) as f64;
        if two_sided_p(best.z) > limit {
            break;
        }
        let found = &screened.strongest[best.candidate];
        let pattern = patterns[found.pattern].clone();
        let (starts, z) = best_starts(&background, best);
        let contrast = &input.contrasts[best.output];
        let (by_start, by_end) =
            background.by_position(best.candidate, &starts, pattern.span(), contrast, POSITIONS);
        let share = background.share(best.candidate, &starts);
        background.explain(best.candidate, &(0..=MAX_LENGTH));
        let code = found.code;
        tracing::debug!(kmer = pattern.text(code), z, ?starts, share, "seed");
        seeds.push(Seed { pattern, code, output: best.output, z, starts, share, by_start, by_end });
        report(2 + seeds.len() as u64);
    }
    report(steps);
    Found { seeds, tested: screened.tested }
}

#[derive(Clone, Copy)]
struct Best {
    candidate: usize,
    output: usize,
    z: f64,
}

/// The best candidate among those that strangers allow: `[candidate][output]`, all if there is none.
fn strongest(
    background: &Background<'_>,
    n_candidates: usize,
    allowed: &[Vec<bool>],
) -> Option<Best> {
    let everywhere = 0..=MAX_LENGTH;
    let best: Vec<Option<Best>> = (0..n_candidates)
        .into_par_iter()
        .map(|candidate| {
            let z = background.z(candidate, &everywhere);
            let is_allowed = |output: usize| allowed.get(candidate).is_none_or(|own| own[output]);
            let outputs = z.into_iter().enumerate().filter(|(output, _)| is_allowed(*output));
            let (output, z) = outputs.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
            Some(Best { candidate, output, z })
        })
        .collect();
    // Ties go to the first candidate, which the screen found stronger.
    best.into_iter().flatten().rev().max_by(|a, b| a.z.abs().total_cmp(&b.z.abs()))
}

/// The window starts that separate best: everywhere, from a position on, or before it.
fn best_starts(background: &Background<'_>, best: Best) -> (RangeInclusive<usize>, f64) {
    let mut chosen = (0..=MAX_LENGTH, best.z);
    for cut in 3..=10 {
        for starts in [cut..=MAX_LENGTH, 0..=cut - 1] {
            let z = background.z(best.candidate, &starts)[best.output];
            let gain = if chosen.0 == (0..=MAX_LENGTH) { RANGE_GAIN } else { 0.0 };
            if z.abs() > chosen.1.abs() + gain && z.signum() == best.z.signum() {
                chosen = (starts, z);
            }
        }
    }
    chosen
}
