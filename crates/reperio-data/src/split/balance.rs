//! Puts groups into parts so that each part gets its share of each stratum.

/// The state of the parts while groups are being assigned.
struct Balance<'a> {
    /// Items of each stratum in each group.
    groups: &'a [Vec<usize>],
    /// Share of all items that each part should get.
    fractions: &'a [f64],
    /// Items of each stratum in all groups.
    totals: Vec<usize>,
    /// Items of each stratum in each part.
    counts: Vec<Vec<usize>>,
    /// Part of each group.
    part: Vec<Option<usize>>,
}

/// The part of each group, given the items of each stratum in it.
///
/// Greedy: groups in order of weight, each to the part where it lowers
///
/// ```text
/// sum over parts p and strata s of ((count_ps - fraction_p total_s) / total_s)²
/// ```
///
/// most; equals go to the part that lacks most items, then to the first. Groups of equal weight
/// keep their order, so the caller's shuffle decides between them. There are at least as many groups
/// as parts, and no part stays empty.
pub(super) fn assign(groups: &[Vec<usize>], fractions: &[f64]) -> Vec<usize> {
    let strata = groups.first().map_or(0, Vec::len);
    let totals: Vec<usize> = (0..strata).map(|s| groups.iter().map(|g| g[s]).sum()).collect();
    let counts = vec![vec![0; strata]; fractions.len()];
    let mut balance = Balance { groups, fractions, totals, counts, part: vec![None; groups.len()] };
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by(|&a, &b| balance.weight(b).total_cmp(&balance.weight(a)));
    for (place, &group) in order.iter().enumerate() {
        let part = balance.best_part(group, groups.len() - place);
        balance.put(group, part);
    }
    balance.spread(&order);
    balance.part.into_iter().map(|part| part.expect("every group was put somewhere")).collect()
}

impl Balance<'_> {
    fn weight(&self, group: usize) -> f64 {
        let share = |(&n, &total): (&usize, &usize)| (n as f64 / total as f64).powi(2);
        self.groups[group].iter().zip(&self.totals).map(share).sum()
    }

    /// By how much putting `group` into `part` lowers the sum of squares, up to a common factor; and
    /// the items that the part lacks.
    fn gain(&self, group: usize, part: usize) -> (f64, f64) {
        let (mut gain, mut lack) = (0.0, 0.0);
        for (s, &total) in self.totals.iter().enumerate() {
            let (n, total) = (self.groups[group][s] as f64, total as f64);
            let missing = self.fractions[part] * total - self.counts[part][s] as f64;
            gain += n * (2.0 * missing - n) / (total * total);
            lack += missing;
        }
        (gain, lack)
    }

    fn best_part(&self, group: usize, groups_left: usize) -> usize {
        let empty = |part: &usize| self.counts[*part].iter().all(|&n| n == 0);
        let mut candidates: Vec<usize> = (0..self.fractions.len()).collect();
        if groups_left <= candidates.iter().filter(|part| empty(part)).count() {
            candidates.retain(empty);
        }
        let mut best = (candidates[0], self.gain(group, candidates[0]));
        for &part in &candidates[1..] {
            let gain = self.gain(group, part);
            if gain > best.1 {
                best = (part, gain);
            }
        }
        best.0
    }

    fn put(&mut self, group: usize, part: usize) {
        if let Some(old) = self.part[group].replace(part) {
            for (count, n) in self.counts[old].iter_mut().zip(&self.groups[group]) {
                *count -= n;
            }
        }
        for (count, n) in self.counts[part].iter_mut().zip(&self.groups[group]) {
            *count += n;
        }
    }

    /// Gives each part a group of each stratum that it lacks, where no other part loses its last.
    fn spread(&mut self, order: &[usize]) {
        for s in 0..self.totals.len() {
            for part in 0..self.fractions.len() {
                if self.counts[part][s] > 0 {
                    continue;
                }
                let spare = |group: &&usize| self.groups[**group][s] > 0 && self.is_spare(**group);
                let size = |group: &&usize| self.groups[**group].iter().sum::<usize>();
                if let Some(&group) = order.iter().filter(spare).min_by_key(size) {
                    self.put(group, part);
                }
            }
        }
    }

    /// Whether its part keeps every stratum without `group`.
    fn is_spare(&self, group: usize) -> bool {
        let part = self.part[group].expect("every group was put somewhere");
        let pairs = self.counts[part].iter().zip(&self.groups[group]);
        pairs.into_iter().all(|(&count, &n)| n == 0 || count > n)
    }
}
