//! The screen: every code of a pattern against every contrast in one pass over the sequences.

use rayon::prelude::*;
use reperio_data::kmer::pattern::Pattern;

use super::DiscoveryInput;
use super::contrast::Contrast;

/// A code that passed the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Screened {
    /// Pattern, by its place in the list of patterns.
    pub(super) pattern: usize,
    /// Code over that pattern.
    pub(super) code: u32,
    /// Largest |z| over the contrasts.
    pub(super) z: f64,
}

/// Codes that more than this share of all sequences carry are germline, not motif: V and J usage
/// describes them.
const GERMLINE_SHARE: f64 = 0.1;

/// What the screen gives: the strongest codes, and how many were tested.
pub(super) struct Screen {
    pub(super) strongest: Vec<Screened>,
    pub(super) tested: usize,
}

/// Screens all `patterns`, keeping the `keep` strongest codes in all.
pub(super) fn screen(input: DiscoveryInput<'_>, patterns: &[Pattern], keep: usize) -> Screen {
    // Parallel over patterns, one after another inside: sums do not depend on the thread count.
    let screens: Vec<Screen> = patterns
        .par_iter()
        .enumerate()
        .map(|(index, pattern)| screen_pattern(input, index, pattern, keep))
        .collect();
    let tested = screens.iter().map(|screen| screen.tested).sum();
    let mut strongest: Vec<_> = screens.into_iter().flat_map(|screen| screen.strongest).collect();
    sort(&mut strongest);
    strongest.truncate(keep);
    Screen { strongest, tested }
}

fn sort(screened: &mut [Screened]) {
    screened.sort_unstable_by(|a, b| {
        b.z.total_cmp(&a.z).then(a.pattern.cmp(&b.pattern)).then(a.code.cmp(&b.code))
    });
}

/// Sums over repertoires of the stabilised count of one contrast and code, less its value at 0.
#[derive(Clone, Copy, Default)]
struct Sums {
    covariance: f32,
    sum: f32,
    squares: f32,
}

fn screen_pattern(
    input: DiscoveryInput<'_>,
    index: usize,
    pattern: &Pattern,
    keep: usize,
) -> Screen {
    let contrasts = input.contrasts;
    let n_codes = pattern.n_codes();
    let mut sums = vec![Sums::default(); n_codes * contrasts.len()];
    let mut carriers = vec![0_u32; n_codes];
    let mut repertoires = vec![0_u32; n_codes];
    let mut counts = vec![0_u32; n_codes];
    let mut last_seen = vec![u32::MAX; n_codes];
    let mut touched = Vec::new();
    let total: usize = input.repertoires.iter().map(|bag| bag.len()).sum();
    let mean_depth = total as f64 / input.repertoires.len().max(1) as f64;
    let mut stamp = 0_u32;
    for (bag_index, bag) in input.repertoires.iter().enumerate() {
        for i in 0..bag.len() {
            for code in pattern.codes(bag.sequence(i)) {
                let at = code as usize;
                if last_seen[at] != stamp {
                    last_seen[at] = stamp;
                    if counts[at] == 0 {
                        touched.push(code);
                    }
                    counts[at] += 1;
                }
            }
            stamp = (stamp + 1) % u32::MAX;
        }
        let scale = mean_depth / bag.len().max(1) as f64;
        for &code in &touched {
            let at = code as usize;
            let count = counts[at];
            let excess = (f64::from(count) * scale + 0.375).sqrt() - 0.375_f64.sqrt();
            carriers[at] += count;
            repertoires[at] += 1;
            counts[at] = 0;
            for (contrast, sums) in contrasts.iter().zip(&mut sums[at * contrasts.len()..]) {
                if let Some(value) = contrast.values[bag_index] {
                    sums.covariance += (value * excess) as f32;
                    sums.sum += excess as f32;
                    sums.squares += (excess * excess) as f32;
                }
            }
        }
        touched.clear();
    }
    let least = least_repertoires(input.repertoires.len());
    let most = (total as f64 * GERMLINE_SHARE) as u32;
    let mut screened = Vec::new();
    for at in 0..n_codes {
        if repertoires[at] < least || carriers[at] > most {
            continue;
        }
        let sums = &sums[at * contrasts.len()..(at + 1) * contrasts.len()];
        let z = contrasts.iter().zip(sums).map(|(contrast, sums)| z(contrast, *sums).abs());
        screened.push(Screened { pattern: index, code: at as u32, z: z.fold(0.0, f64::max) });
    }
    let tested = screened.len();
    sort(&mut screened);
    screened.truncate(keep);
    Screen { strongest: screened, tested }
}

/// A code in fewer repertoires than this is not tested: it could not reach significance.
fn least_repertoires(n: usize) -> u32 {
    (n / 50).max(4) as u32
}

/// Score statistic under permutation of the labels: covariance over its standard deviation.
fn z(contrast: &Contrast, sums: Sums) -> f64 {
    let n = contrast.n() as f64;
    let sum = f64::from(sums.sum);
    let variance = (f64::from(sums.squares) - sum * sum / n) / (n - 1.0);
    let scale = (variance * contrast.sum_of_squares).sqrt();
    if scale > 1e-9 { f64::from(sums.covariance) / scale } else { 0.0 }
}
