//! Tests whether held-out outputs are associated with the labels.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Permutations behind a P value.
const PERMUTATIONS: usize = 999;

/// P value of `statistic` of the answers under permutation: between groups where each has one answer, else between
/// repertoires. Large statistics speak against chance.
///
/// Outputs stay as they are: they were made for repertoires that took no part in learning, so without a signal
/// every order of the answers is as likely as any other, but for what the groups decide.
pub(crate) fn p_value(
    answers: &[f64],
    groups: &[&str],
    statistic: impl Fn(&[f64]) -> Option<f64>,
) -> Option<f64> {
    let found = statistic(answers)?;
    let mut names: Vec<&str> = groups.to_vec();
    names.sort_unstable();
    names.dedup();
    let place: Vec<usize> =
        groups.iter().map(|group| names.binary_search(group).expect("listed")).collect();
    let mut of_group: Vec<Option<f64>> = vec![None; names.len()];
    let mut constant = true;
    for (&place, &answer) in place.iter().zip(answers) {
        let first = *of_group[place].get_or_insert(answer);
        constant &= first.to_bits() == answer.to_bits();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut by_group: Vec<f64> = of_group.into_iter().flatten().collect();
    let mut permuted = answers.to_vec();
    let (mut as_large, mut drawn) = (1, 1);
    for _ in 0..PERMUTATIONS {
        if constant {
            by_group.shuffle(&mut rng);
            permuted.iter_mut().zip(&place).for_each(|(own, &place)| *own = by_group[place]);
        } else {
            permuted.shuffle(&mut rng);
        }
        if let Some(other) = statistic(&permuted) {
            drawn += 1;
            as_large += usize::from(other >= found - 1e-12);
        }
    }
    Some(f64::from(as_large as u32) / f64::from(drawn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_order_is_rare_and_groups_are_moved_as_a_whole() {
        let answers: Vec<f64> = (0..20).map(|i| f64::from(u8::from(i >= 10))).collect();
        let statistic = |own: &[f64]| Some((0..20).map(|i| i as f64 * own[i]).sum());
        let ids: Vec<String> = (0..20).map(|i| i.to_string()).collect();
        let single: Vec<&str> = ids.iter().map(String::as_str).collect();
        let p = p_value(&answers, &single, statistic).unwrap();
        assert!(p < 0.005, "{p}");
        // Two groups of ten: the other order is as good as every second one.
        let two: Vec<&str> = (0..20).map(|i| if i < 10 { "a" } else { "b" }).collect();
        let p = p_value(&answers, &two, statistic).unwrap();
        assert!((p - 0.5).abs() < 0.06, "{p}");
    }
}
