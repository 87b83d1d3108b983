//! What a head attends to: the number of sequences, the operating class that follows, and the most attended sequences.

use candle_hopfield::OperatingClass;
use candle_hopfield::analysis::{PAPER_SHARE, patterns_for_share};

use super::Explanation;

/// The sequences that a head attends to in one repertoire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attended {
    /// Smallest number of sequences that carry 90 % of the head's attention; 0 for an empty repertoire.
    pub sequences: usize,
    /// The head's operating class by that number: from I, an average over most of the repertoire, to IV, few sequences
    /// picked out (Ramsauer et al. 2020, section 4, <https://arxiv.org/abs/2008.02217>).
    pub class: OperatingClass,
}

impl Explanation {
    /// Attention of one head, (n).
    fn column(&self, head: usize) -> Vec<f32> {
        self.attention.iter().skip(head).step_by(self.heads).copied().collect()
    }

    /// The `most` sequences that each head attends to most, in the order of the columns of `attention`: their places and
    /// their attention in units of 1 / n, the attention of each sequence if all were equal.
    pub fn most_attended(&self, most: usize) -> Vec<Vec<(usize, f32)>> {
        let of = |head: usize| {
            let column = self.column(head);
            let mut order: Vec<usize> = (0..column.len()).collect();
            let by = |&a: &usize, &b: &usize| column[b].total_cmp(&column[a]).then(a.cmp(&b));
            if most < order.len() {
                order.select_nth_unstable_by(most, by);
                order.truncate(most);
            }
            order.sort_unstable_by(by);
            order.into_iter().map(|i| (i, column[i] * column.len() as f32)).collect()
        };
        (0..self.heads).map(of).collect()
    }

    /// How many sequences each head of each member attends to, in the order of the columns of `attention`.
    pub fn attended(&self) -> Vec<Attended> {
        let n = self.attention.len() / self.heads.max(1);
        let of = |head: usize| {
            let column = self.column(head);
            // No sequence, or an attention that is no number: nothing carries it.
            let sequences = patterns_for_share(&column, PAPER_SHARE).unwrap_or(0);
            Attended { sequences, class: OperatingClass::of(sequences as f64, n) }
        };
        (0..self.heads).map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_is_class_one_and_a_choice_class_four() {
        let attention = (0..100).flat_map(|i| [0.01, if i == 7 { 1.0 } else { 0.0 }]).collect();
        let explanation = Explanation { attention, heads: 2, ..Explanation::default() };
        let expected = [(90, OperatingClass::I), (1, OperatingClass::IV)];
        let expected = expected.map(|(sequences, class)| Attended { sequences, class });
        assert_eq!(explanation.attended(), expected);
    }

    #[test]
    fn the_most_attended_come_first_and_are_told_against_an_average() {
        let explanation =
            Explanation { attention: vec![0.1, 0.7, 0.1, 0.1], heads: 1, ..Explanation::default() };
        assert_eq!(explanation.most_attended(2), [[(1, 2.8), (0, 0.4)]]);
    }

    #[test]
    fn an_empty_repertoire_has_nothing_to_attend_to() {
        let explanation = Explanation { heads: 1, ..Explanation::default() };
        assert_eq!(explanation.attended()[0].sequences, 0);
    }
}
