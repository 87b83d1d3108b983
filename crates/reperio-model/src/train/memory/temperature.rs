//! Chooses the inverse temperature of a case memory by held-out repertoires.
//!
//! ```text
//! p_i    = (1 - e) sum_j a_ij y_j + e (class shares)        e = 1 / (n + 1)
//! loss   = mean over all i of -ln p_i(label of i)            numbers: (sum_j a_ij y_j - y_i)^2
//! a_ij   = softmax_j(-beta/2 d_ij^2)
//! ```
//!
//! The parts behind the states of i and j did not learn from i and learned from all j, which are of other people: as the memory is
//! read later. `e` keeps the loss of a case finite that no other resembles.

use candle_core::Result;
use reperio_stats::selection::least;

use crate::explain::{squared, weights};
use crate::labels::TargetKind;

/// Candidates: these powers of 2, over the mean of half the squared distance.
const POWERS: [i32; 12] = [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/// States by parts that had not seen some of the repertoires.
pub(super) struct Held {
    /// Of all repertoires, (n, coordinates).
    pub(super) states: Vec<Vec<f64>>,
    /// Whether the parts had not seen it.
    pub(super) is_held: Vec<bool>,
}

/// A held-out repertoire and half the squared distances of the others.
struct Query {
    own: usize,
    others: Vec<usize>,
    halves: Vec<f64>,
}

/// The inverse temperature with the lowest loss, the least sharp of equal ones; its loss, and that of the class shares or of the mean.
pub(super) fn choose(
    kind: &TargetKind,
    answers: &[f64],
    groups: &[&str],
    held: &[Held],
) -> Result<(f64, [f64; 2])> {
    let queries: Vec<Query> = held.iter().flat_map(|own| queries(own, groups)).collect();
    let (sum, n) = queries
        .iter()
        .flat_map(|own| &own.halves)
        .fold((0.0, 0.0), |(sum, n), half| (sum + half, n + 1.0));
    let unit = if sum > 0.0 { n / sum } else { 1.0 };
    let shares = Shares::of(kind, answers);
    let mut losses = Vec::new();
    for power in POWERS {
        let mut all = 0.0;
        for own in &queries {
            let weights = weights(&own.halves, unit * 2_f64.powi(power))?;
            all += shares.loss(answers, own, &weights);
        }
        losses.push(all / queries.len().max(1) as f64);
    }
    let at = least(&losses).unwrap_or_default();
    Ok((unit * 2_f64.powi(POWERS[at]), [losses[at], shares.own_loss(answers, &queries)]))
}

/// Every held-out repertoire against those of other people that the parts had seen.
fn queries<'a>(held: &'a Held, groups: &'a [&str]) -> impl Iterator<Item = Query> + 'a {
    let rows = 0..held.states.len();
    let held_rows = rows.clone().filter(|&i| held.is_held[i]);
    held_rows.filter_map(move |own| {
        let is_other = |i: &usize| !held.is_held[*i] && groups[*i] != groups[own];
        let others: Vec<usize> = rows.clone().filter(is_other).collect();
        let half = |&i: &usize| 0.5 * squared(&held.states[i], &held.states[own]);
        let halves = others.iter().map(half).collect();
        (!others.is_empty()).then_some(Query { own, others, halves })
    })
}

/// What is said of a repertoire of which nothing is known.
enum Shares {
    Classes(Vec<f64>),
    Mean(f64),
}

impl Shares {
    fn of(kind: &TargetKind, answers: &[f64]) -> Self {
        let n = answers.len().max(1) as f64;
        let classes = match kind {
            TargetKind::Regression { .. } => return Self::Mean(answers.iter().sum::<f64>() / n),
            TargetKind::Binary { .. } => 2,
            TargetKind::Classes { classes } => classes.len(),
        };
        let mut shares = vec![0.0; classes];
        for &own in answers {
            shares[own as usize] += 1.0 / n;
        }
        Self::Classes(shares)
    }

    /// The loss of what the weighted cases say.
    fn loss(&self, answers: &[f64], query: &Query, weights: &[f64]) -> f64 {
        let own = answers[query.own];
        let said = query.others.iter().zip(weights);
        match self {
            Self::Mean(_) => {
                let mean: f64 = said.map(|(&i, weight)| weight * answers[i]).sum();
                (mean - own).powi(2)
            }
            Self::Classes(shares) => {
                let same = |(i, _): &(&usize, &f64)| answers[**i] as usize == own as usize;
                let p: f64 = said.filter(same).map(|(_, weight)| weight).sum();
                let e = 1.0 / (query.others.len() as f64 + 1.0);
                -((1.0 - e) * p + e * shares[own as usize]).ln()
            }
        }
    }

    /// The loss without any case.
    fn own_loss(&self, answers: &[f64], queries: &[Query]) -> f64 {
        let loss = |query: &Query| match self {
            Self::Mean(mean) => (mean - answers[query.own]).powi(2),
            Self::Classes(shares) => -shares[answers[query.own] as usize].ln(),
        };
        queries.iter().map(loss).sum::<f64>() / queries.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary() -> TargetKind {
        TargetKind::Binary { positive: "1".to_owned(), negative: "0".to_owned() }
    }

    /// Repertoires in pairs on a line; the even ones of the first half are held out.
    fn held(n: usize, place: impl Fn(usize) -> f64) -> Held {
        Held {
            states: (0..n).map(|i| vec![place(i)]).collect(),
            is_held: (0..n).map(|i| i % 4 == 0).collect(),
        }
    }

    #[test]
    fn clear_classes_are_read_sharply_and_chance_broadly() {
        let groups: Vec<String> = (0..60).map(|i| i.to_string()).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        // Two positive kinds at both ends, negatives between them: only a sharp association tells them apart.
        let place = |i: usize| f64::from(i as u32 % 3) * 4.0 + 0.01 * i as f64;
        let answers: Vec<f64> = (0..60).map(|i| f64::from(u8::from(i % 3 != 1))).collect();
        let (sharp, losses) = choose(&binary(), &answers, &groups, &[held(60, place)]).unwrap();
        assert!(losses[0] < 0.1 && losses[1] > 0.5, "{losses:?}");
        let bit = |i: u32| f64::from(i.wrapping_mul(2_654_435_761) >> 13 & 1);
        let chance: Vec<f64> = (0..60).map(bit).collect();
        let (broad, losses) = choose(&binary(), &chance, &groups, &[held(60, place)]).unwrap();
        assert!(broad <= sharp && losses[0] > 0.6, "{broad} {sharp} {losses:?}");
    }

    /// A person's other samples would tell everything.
    #[test]
    fn the_own_person_is_no_case() {
        let own = held(8, |_| 0.0);
        let groups = ["a", "a", "b", "b", "a", "c", "c", "d"];
        let all: Vec<Query> = queries(&own, &groups).collect();
        let others: Vec<(usize, &[usize])> = all.iter().map(|q| (q.own, &q.others[..])).collect();
        assert_eq!(others, [(0, &[2, 3, 5, 6, 7][..]), (4, &[2, 3, 5, 6, 7])]);
    }

    #[test]
    fn equal_states_and_no_held_out_one_have_a_temperature_too() {
        let groups = ["a", "b", "c", "d"];
        let (beta, losses) =
            choose(&binary(), &[1.0, 0.0, 1.0, 0.0], &groups, &[held(4, |_| 1.0)]).unwrap();
        assert!(beta > 0.0 && losses.iter().all(|own| own.is_finite()));
        let (beta, _) =
            choose(&TargetKind::Regression { mean: 0.0, sd: 1.0 }, &[1.0], &["a"], &[]).unwrap();
        assert!(beta > 0.0);
    }
}
