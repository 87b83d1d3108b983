//! Which candidates may be seeds, by what strangers have.
//!
//! ```text
//! allowed  if  (mean over positives - mean over negatives) (mean over positives - mean over strangers) > 0
//! ```
//!
//! Means are of the share of a repertoire's sequences that carry the k-mer. A motif of the negatives that the strangers lack as the
//! positives do is theirs alone, and no sign of what the positives have. Strangers only take candidates away, so that as few seeds are found by
//! chance as without them. A number has no positives: all candidates are allowed.

use reperio_data::kmer::pattern::Pattern;

use super::DiscoveryInput;
use super::contrast::Contrast;
use super::hits::Hits;
use super::screen::Screened;

/// By candidate and output; empty without strangers.
pub(super) fn allowed(
    input: DiscoveryInput<'_>,
    patterns: &[Pattern],
    candidates: &[Screened],
    hits: &[Hits],
) -> Vec<Vec<bool>> {
    let Some(background) = input.background else { return vec![] };
    let of = |(candidate, screened): (usize, &Screened)| {
        let strangers = background.kmers().share(&patterns[screened.pattern], screened.code);
        let Some(strangers) = strangers else { return vec![true; input.contrasts.len()] };
        let shares: Vec<f64> = (0..hits.len())
            .map(|bag| {
                let mut carriers: Vec<u32> =
                    hits[bag].of(candidate).iter().map(|hit| hit.sequence).collect();
                carriers.dedup(); // Hits are in the order of sequences.
                carriers.len() as f64 / input.repertoires[bag].len().max(1) as f64
            })
            .collect();
        input.contrasts.iter().map(|own| is_allowed(own, &shares, strangers)).collect()
    };
    candidates.iter().enumerate().map(of).collect()
}

fn is_allowed(contrast: &Contrast, shares: &[f64], strangers: f64) -> bool {
    if !contrast.is_class {
        return true;
    }
    let mean = |positive: bool| {
        let own = contrast.values.iter().zip(shares);
        let own = own.filter(|(value, _)| value.is_some_and(|value| (value > 0.0) == positive));
        let (sum, n) = own.fold((0.0, 0_usize), |(sum, n), (_, share)| (sum + share, n + 1));
        sum / n.max(1) as f64
    };
    let (positive, negative) = (mean(true), mean(false));
    (positive - negative) * (positive - strangers) > 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positives_differ_from_strangers_as_they_do_from_negatives() {
        let contrast = Contrast::new(&[Some(1.0), Some(0.0), None, Some(1.0)], true);
        let enriched = [0.04, 0.01, 9.0, 0.02];
        assert!(is_allowed(&contrast, &enriched, 0.02));
        assert!(!is_allowed(&contrast, &enriched, 0.03), "strangers have as much");
        let depleted = [0.01, 0.04, 9.0, 0.01];
        assert!(is_allowed(&contrast, &depleted, 0.02));
        assert!(!is_allowed(&contrast, &depleted, 0.01), "only these negatives have more");
        let number = Contrast::new(&[Some(1.0), Some(0.0), None, Some(1.0)], false);
        assert!(is_allowed(&number, &enriched, 1.0));
    }
}
