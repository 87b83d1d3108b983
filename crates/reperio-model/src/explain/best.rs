//! The clonotypes of one repertoire with the highest evidence.

use crate::model::Explanation;

/// A clonotype of a repertoire in a ranking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leading {
    /// Its place in the repertoire.
    pub place: usize,
    /// Its evidence.
    pub evidence: f64,
}

/// The `top` clonotypes for each output, highest evidence first, equal ones in their own order.
pub(super) fn best(explanation: &Explanation, top: usize) -> Vec<Vec<Leading>> {
    (0..explanation.logits.len()).map(|output| ranking(explanation, output, top)).collect()
}

fn ranking(explanation: &Explanation, output: usize, top: usize) -> Vec<Leading> {
    let column = explanation.evidence.iter().skip(output).step_by(explanation.logits.len());
    let places = column.enumerate().map(|(place, &evidence)| Leading { place, evidence });
    let mut all: Vec<Leading> = places.collect();
    let order =
        |a: &Leading, b: &Leading| b.evidence.total_cmp(&a.evidence).then(a.place.cmp(&b.place));
    if top < all.len() {
        all.select_nth_unstable_by(top, order);
        all.truncate(top);
    }
    all.sort_unstable_by(order);
    all
}

/// Place of the highest of `logits`, the first of equal ones.
pub(super) fn highest(logits: &[f64]) -> usize {
    (0..logits.len()).rev().max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_come_first_and_equal_ones_in_their_own_order() {
        let explanation = Explanation {
            logits: vec![0.0, 0.0],
            evidence: vec![1.0, 0.0, 2.0, 5.0, 2.0, -1.0, 0.5, 5.0],
            ..Explanation::default()
        };
        let places = |top: usize| -> Vec<Vec<usize>> {
            let all = best(&explanation, top).into_iter();
            all.map(|own| own.into_iter().map(|leading| leading.place).collect()).collect()
        };
        assert_eq!(places(2), [[1, 2], [1, 3]]);
        assert_eq!(places(usize::MAX), [[1, 2, 0, 3], [1, 3, 0, 2]]);
        assert_eq!(highest(&[1.0, 3.0, 3.0]), 1);
    }
}
