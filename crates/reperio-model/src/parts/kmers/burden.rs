//! Burden: k-mers that are enriched in positive repertoires, and how much of them a repertoire has.
//!
//! Every k-mer is tested on its own; the n most associated are selected; a repertoire's burden is the weighted sum
//! of what it has of them. n, what of a k-mer counts, and the weights are chosen by the inner folds.
//!
//! ```text
//! t      = (mean over positives - mean over negatives) / sd within classes
//! burden = 1/n sum over the n k-mers with the largest t of  w v        see `Value` and `Weighing`
//! ```
//!
//! # References
//!
//! - Widrich et al., *Modern Hopfield networks and attention for immune repertoire classification*,
//!   `NeurIPS` 2020, supplement (presence of 4-mers; frequencies are our addition).

use std::sync::Arc;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::KmerTable;
use crate::features::kmer_counts::KmerCounts;
use crate::features::kmer_set::KmerSet;
use crate::parts::table::{Finding, Table, strongest};
use crate::parts::task::{Answers, Learned, Task};
use crate::platt::Platt;

/// Candidates for the number of k-mers.
const SIZES: [usize; 12] = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];
/// Up to this number only k-mers count that chance alone would hardly bring forth among all that are tested. The best of
/// half a million is otherwise the same one in all inner folds, and looks as good in them as in what it was chosen from.
const FEW: usize = 20;
/// Expected number of k-mers beyond that limit where there is no signal.
const CHANCE: f64 = 0.1;
/// K-mers that one task tests.
const CHUNK: usize = 4_096;

/// What of a k-mer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// `(windows that have it - expected) / sqrt(clonotypes)`, expected from its rate in what is learned from: what is
    /// more than chance in units of its noise. Under chance it has the same mean and spread at any depth.
    Excess,
    /// Windows that have it over clonotypes. The mean is the same at any depth, the spread is not: of two repertoires
    /// without a signal the deeper one more often has one of the rare k-mers at all.
    Frequency,
    /// The square root of that, which has like variances at all frequencies. It sees depth: the root of a rare k-mer's
    /// frequency depends on the number of clonotypes.
    RootFrequency,
    /// Whether it is there at all. It sees depth.
    Presence,
}

impl Value {
    /// The value of a count above 0 in a repertoire of `clonotypes`, before what is expected is taken away.
    pub fn of(self, count: u32, clonotypes: f64) -> f64 {
        match self {
            Self::Excess => f64::from(count) / clonotypes.sqrt(),
            Self::Frequency => f64::from(count) / clonotypes,
            Self::RootFrequency => (f64::from(count) / clonotypes).sqrt(),
            Self::Presence => 1.0,
        }
    }
}

/// What a selected k-mer weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighing {
    /// `1 / sd`: all k-mers alike, each in units of its own spread.
    Spread,
    /// `ln (mean over positives / mean over negatives)`, smoothed by half a count: what one occurrence says for the
    /// positive class, as in naive Bayes. Better where many k-mers add up.
    Odds,
}

/// One k-mer in one analysis.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tested {
    column: u32,
    association: f32,
    sd: f32,
    odds: f32,
    /// Windows that have it over clonotypes, in what is learned from.
    rate: f32,
    /// Whether it counts among the few.
    significant: bool,
}

/// Those of the first `size` that count.
fn counted(tested: &[Tested], size: usize) -> impl Iterator<Item = &Tested> {
    tested.iter().take(size).filter(move |own| size > FEW || own.significant)
}

impl Tested {
    fn weight(self, weighing: Weighing) -> f64 {
        match weighing {
            Weighing::Spread => 1.0 / f64::from(self.sd),
            Weighing::Odds => f64::from(self.odds),
        }
    }
}

/// Learns a burden of the k-mers of `set`; `None` for numbers, or where no k-mer is more frequent in positives.
pub(in crate::parts) fn learn(
    task: &Task<'_>,
    set: KmerSet,
    forms: &[(Value, Weighing)],
) -> Option<Learned> {
    let Answers::Classes(labels) = task.answers else { return None };
    let counts = KmerCounts::of(task.cache, set);
    let folds = task.folds();
    let mut analyses: Vec<Arc<Vec<Vec<Tested>>>> = Vec::new();
    for (at, (value, _)) in forms.iter().enumerate() {
        let same = forms[..at].iter().position(|(other, _)| other == value);
        analyses.push(match same {
            Some(same) => Arc::clone(&analyses[same]),
            None => Arc::new(Screen::new(task, labels, &counts, *value).most_associated()),
        });
    }
    let candidates: Vec<(usize, usize)> =
        (0..forms.len()).flat_map(|v| (0..SIZES.len()).map(move |s| (v, s))).collect();
    let mut scores = vec![vec![0.0; labels.len()]; candidates.len()];
    for (v, &form) in forms.iter().enumerate() {
        let of = |fold: usize| {
            let (_, held) = task.sides(fold);
            (burdens(task, &counts, form, &analyses[v][fold], &held), held)
        };
        let by_fold: Vec<_> = (0..folds).into_par_iter().map(of).collect();
        for (burdens, held) in by_fold {
            for (s, own) in burdens.iter().enumerate() {
                for (&i, &burden) in held.iter().zip(own) {
                    scores[v * SIZES.len() + s][i] = burden;
                }
            }
        }
    }
    let logits: Vec<Vec<f64>> = scores.par_iter().map(|own| task.scaled(own, labels)).collect();
    let (best, held_out) = task.choose(&logits);
    let (v, size) = (candidates[best].0, SIZES[candidates[best].1]);
    let ((value, weighing), whole) = (forms[v], &analyses[v][folds]);
    let chosen: Vec<&Tested> = counted(whole, size).collect();
    if chosen.is_empty() {
        return None;
    }
    let platt = Platt::fit(&scores[best], labels);
    let mut table = KmerTable::new(set, value, platt.intercept);
    if value == Value::Excess {
        let expected = |own: &Tested| own.weight(weighing) * f64::from(own.rate);
        let expected: f64 = chosen.iter().copied().map(expected).sum();
        table.offset = platt.slope * expected / chosen.len() as f64;
    }
    let slots = set.slots();
    let mut findings = Vec::new();
    for tested in &chosen {
        let column = tested.column as usize;
        let kmer = counts.kmer(column);
        let weight = platt.slope * tested.weight(weighing) / chosen.len() as f64;
        table.insert(kmer, weight);
        let chosen_in = |fold: &usize| {
            let own = &analyses[v][*fold];
            counted(own, size).any(|other| other.column == tested.column)
        };
        findings.push(Finding {
            what: slots.text(kmer),
            weight,
            carriers: Some(carriers(task, labels, &counts, column)),
            stability: None,
        });
        if findings.len() <= 20 {
            let stable = (0..folds).filter(chosen_in).count();
            let last = findings.len() - 1;
            findings[last].stability = Some(stable as f64 / folds.max(1) as f64);
        }
    }
    findings.truncate(20);
    let first: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
    let choices =
        json!({ "value": value, "weights": weighing, "kmers": chosen.len(), "first": first });
    let found = strongest(findings.into_iter());
    Some(Learned { table: Table::Kmers(table), held_out, choices, found })
}

/// Positive and negative members that have k-mer `column`.
fn carriers(task: &Task<'_>, labels: &[bool], counts: &KmerCounts, column: usize) -> [usize; 2] {
    let mut carriers = [0; 2];
    for (repertoire, _) in counts.entries(column) {
        if let Ok(i) = task.members.binary_search(&(*repertoire as usize)) {
            carriers[usize::from(!labels[i])] += 1;
        }
    }
    carriers
}

/// Burden of members `held` by the first n k-mers for each n of [`SIZES`]: (sizes, held)
fn burdens(
    task: &Task<'_>,
    counts: &KmerCounts,
    (value, weighing): (Value, Weighing),
    tested: &[Tested],
    held: &[usize],
) -> Vec<Vec<f64>> {
    let mut place = vec![usize::MAX; task.cache.repertoires().len()];
    for (at, &i) in held.iter().enumerate() {
        place[task.members[i]] = at;
    }
    let roots: Vec<f64> = held
        .iter()
        .map(|&i| match value {
            Value::Excess => counts.clonotypes(task.members[i] as u32).sqrt(),
            _ => 0.0,
        })
        .collect();
    let mut burdens = Vec::new();
    for size in SIZES {
        let mut sums = vec![0.0; held.len()];
        let (mut expected, mut used) = (0.0, 0);
        for one in counted(tested, size) {
            let column = one.column as usize;
            let weight = one.weight(weighing);
            expected += weight * f64::from(one.rate);
            for &(repertoire, count) in counts.entries(column) {
                if let Some(sum) = sums.get_mut(place[repertoire as usize]) {
                    *sum += weight * value.of(count, counts.clonotypes(repertoire));
                }
            }
            used += 1;
        }
        let n = f64::from(used.max(1));
        let burden = |(sum, root): (&f64, &f64)| (sum - expected * root) / n;
        burdens.push(sums.iter().zip(&roots).map(burden).collect());
    }
    burdens
}

/// Tests of all k-mers in the whole part and without each of its folds; the last analysis leaves nothing out.
struct Screen<'a> {
    counts: &'a KmerCounts,
    value: Value,
    /// Fold and class of each repertoire of the cohort that is a member.
    place: Vec<Option<(usize, usize)>>,
    /// Members by fold and class; the last row has all.
    n: Vec<[f64; 2]>,
    /// Value of one occurrence, mean over the members.
    unit: f64,
    /// Clonotypes by fold; the last entry has all.
    clonotypes: Vec<f64>,
}

impl<'a> Screen<'a> {
    fn new(task: &Task<'_>, labels: &[bool], counts: &'a KmerCounts, value: Value) -> Self {
        let folds = task.folds();
        let mut place = vec![None; task.cache.repertoires().len()];
        let mut n = vec![[0.0; 2]; folds + 1];
        for ((&member, &label), &fold) in task.members.iter().zip(labels).zip(task.fold) {
            let class = usize::from(label);
            place[member] = Some((fold, class));
            n[fold][class] += 1.0;
            n[folds][class] += 1.0;
        }
        // What is tested: frequencies, where the excess over them counts.
        let value = if value == Value::Excess { Value::Frequency } else { value };
        let mut clonotypes = vec![0.0; folds + 1];
        for (&member, &fold) in task.members.iter().zip(task.fold) {
            for at in [fold, folds] {
                clonotypes[at] += counts.clonotypes(member as u32);
            }
        }
        let one = |&member: &usize| value.of(1, counts.clonotypes(member as u32));
        let unit = task.members.iter().map(one).sum::<f64>() / task.members.len().max(1) as f64;
        Self { counts, value, place, n, unit, clonotypes }
    }

    /// The most associated k-mers of each analysis, the best first; of equal ones the first.
    fn most_associated(&self) -> Vec<Vec<Tested>> {
        let analyses = self.n.len();
        let most = SIZES[SIZES.len() - 1];
        let chunk = |chunk: usize| {
            let mut best = vec![Vec::new(); analyses];
            for column in chunk * CHUNK..((chunk + 1) * CHUNK).min(self.counts.len()) {
                for (best, tested) in best.iter_mut().zip(self.test(column)) {
                    if tested.association > 0.0 {
                        best.push(tested);
                    }
                }
            }
            best.into_iter().map(|own| keep(own, most)).collect::<Vec<_>>()
        };
        let chunks = self.counts.len().div_ceil(CHUNK);
        let parts: Vec<Vec<Vec<Tested>>> = (0..chunks).into_par_iter().map(chunk).collect();
        let join = |analysis: usize| {
            keep(parts.iter().flat_map(|part| part[analysis].iter().copied()).collect(), most)
        };
        (0..analyses).map(join).collect()
    }

    /// One k-mer in every analysis.
    fn test(&self, column: usize) -> Vec<Tested> {
        let folds = self.n.len() - 1;
        let mut sums = vec![[[0.0; 2]; 2]; folds + 1]; // [fold][sum or squares][class]
        let mut windows = vec![0.0; folds + 1];
        for &(repertoire, count) in self.counts.entries(column) {
            if let Some((fold, class)) = self.place[repertoire as usize] {
                let value = self.value.of(count, self.counts.clonotypes(repertoire));
                for at in [fold, folds] {
                    windows[at] += f64::from(count);
                    sums[at][0][class] += value;
                    sums[at][1][class] += value * value;
                }
            }
        }
        let all = sums[folds];
        let analysis = |a: usize| {
            let without = |kind: usize, class: usize| {
                let held = if a < folds { sums[a][kind][class] } else { 0.0 };
                all[kind][class] - held
            };
            let n = [0, 1].map(|class| {
                let held = if a < folds { self.n[a][class] } else { 0.0 };
                self.n[folds][class] - held
            });
            let means = [0, 1].map(|class| without(0, class) / n[class].max(1.0));
            let within = |class: usize| without(1, class) - n[class] * means[class].powi(2);
            let total = n[0] + n[1];
            let variance = (within(0) + within(1)) / (total - 2.0).max(1.0);
            let mean_square = (without(1, 0) + without(1, 1)) / total.max(1.0);
            // A k-mer whose values hardly vary within the classes is not infinitely sure.
            let sd = variance.max(1e-3 * mean_square).max(1e-24).sqrt();
            let association = (means[1] - means[0]) / sd;
            // Half a count, in units of one count of an average repertoire.
            let half = [0, 1].map(|class| 0.5 * self.unit / n[class].max(1.0));
            let odds = ((means[1] + half[1]) / (means[0] + half[0])).ln().max(0.0);
            let held = if a < folds { [windows[a], self.clonotypes[a]] } else { [0.0; 2] };
            let rate = (windows[folds] - held[0]) / (self.clonotypes[folds] - held[1]).max(1.0);
            let z = association * (n[0] * n[1] / total.max(1.0)).sqrt();
            let significant = upper_tail(z) * (self.counts.len() as f64) < CHANCE;
            let (association, sd, odds) = (association as f32, sd as f32, odds as f32);
            Tested { column: column as u32, association, sd, odds, rate: rate as f32, significant }
        };
        (0..=folds).map(analysis).collect()
    }
}

/// P(Z > z) of the standard normal law for z > 0, to two percent (Borjesson and Sundberg 1979).
fn upper_tail(z: f64) -> f64 {
    if z <= 0.0 {
        return 1.0;
    }
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    density / (0.661 * z + 0.339 * (z * z + 5.51).sqrt())
}

/// The `most` with the largest association; of equal ones the first columns.
fn keep(mut tested: Vec<Tested>, most: usize) -> Vec<Tested> {
    tested.sort_by(|a, b| b.association.total_cmp(&a.association).then(a.column.cmp(&b.column)));
    tested.truncate(most);
    tested
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureCache;
    use reperio_data::repertoire::{Builder, Repertoire, Row};

    fn cohort() -> Vec<Repertoire> {
        let letter = |at: usize| char::from(b"ACDEFGHIKL"[at % 10]);
        let junction = |i: usize, j: usize| -> String {
            let middle: String = (0..6).map(|k| letter(i * 7 + j * 3 + k * k + j * k)).collect();
            format!("CAS{middle}F")
        };
        let repertoire = |i: usize| {
            let mut builder = Builder::default();
            for j in 0..20 + i {
                let junction_aa = &junction(i, j);
                builder.push(Row { junction_aa, v_call: "", j_call: "", duplicate_count: 1 });
            }
            builder.finish(format!("r{i}"))
        };
        (0..12).map(repertoire).collect()
    }

    #[test]
    fn the_tail_of_the_normal_law() {
        for (z, p) in [(1.0, 0.158_655), (3.0, 1.349_898e-3), (5.0, 2.866_516e-7)] {
            assert!((upper_tail(z) / p - 1.0_f64).abs() < 0.02, "{z}: {}", upper_tail(z));
        }
    }

    /// Every analysis equals the two-sample figures of its members, computed from their definitions.
    #[test]
    fn tests_equal_their_definitions_in_every_fold() {
        let cohort = cohort();
        let views: Vec<&Repertoire> = cohort.iter().collect();
        let groups = vec![String::new(); 12];
        let cache = FeatureCache::new(&views, &groups);
        let members: Vec<usize> = (0..12).filter(|i| *i != 5).collect();
        let labels: Vec<bool> = members.iter().map(|i| i % 2 == 0).collect();
        let fold: Vec<usize> = members.iter().map(|i| i / 2 % 3).collect();
        let task = Task {
            cache: &cache,
            members: &members,
            answers: Answers::Classes(&labels),
            fold: &fold,
        };
        let counts =
            KmerCounts::of(&cache, KmerSet { k: 3, gaps: 1, anchors: true, regions: false });
        for value in [Value::Frequency, Value::RootFrequency, Value::Presence] {
            let screen = Screen::new(&task, &labels, &counts, value);
            for column in 0..counts.len() {
                for (analysis, tested) in screen.test(column).into_iter().enumerate() {
                    let (association, sd) =
                        by_hand(&task, &labels, &counts, value, column, analysis);
                    let close =
                        |a: f64, b: f32| (a - f64::from(b)).abs() < 1e-4 * a.abs().max(1e-6);
                    assert!(close(sd, tested.sd), "{value:?} {column} {analysis}: {sd} {tested:?}");
                    assert!(
                        (association - f64::from(tested.association)).abs()
                            < 1e-3 * association.abs().max(1.0),
                        "{value:?} {column} {analysis}: {association} {tested:?}"
                    );
                }
            }
        }
    }

    /// The table says of every repertoire what its burden, scaled, is; at any depth a repertoire as expected has 0.
    #[test]
    fn the_table_is_the_scaled_burden() {
        let cohort = cohort();
        let views: Vec<&Repertoire> = cohort.iter().collect();
        let groups: Vec<String> = (0..12).map(|i| i.to_string()).collect();
        let cache = FeatureCache::new(&views, &groups);
        let members: Vec<usize> = (0..12).collect();
        let labels: Vec<bool> = members.iter().map(|i| i % 2 == 0).collect();
        let fold: Vec<usize> = members.iter().map(|i| i / 2 % 3).collect();
        let answers = Answers::Classes(&labels);
        let task = Task { cache: &cache, members: &members, answers, fold: &fold };
        let set = KmerSet { k: 3, gaps: 1, anchors: false, regions: true };
        let counts = KmerCounts::of(&cache, set);
        for form in [
            (Value::Excess, Weighing::Odds),
            (Value::Excess, Weighing::Spread),
            (Value::Frequency, Weighing::Odds),
            (Value::RootFrequency, Weighing::Spread),
            (Value::Presence, Weighing::Spread),
        ] {
            let Some(learned) = learn(&task, set, &[form]) else { panic!("{form:?}") };
            let size = learned.choices["kmers"].as_u64().unwrap() as usize;
            let whole = Screen::new(&task, &labels, &counts, form.0).most_associated();
            let burdens = burdens(&task, &counts, form, whole.last().unwrap(), &members);
            let whole = whole.last().unwrap();
            let fits = |own: &usize| counted(whole, *own).count() == size;
            let at = SIZES.iter().position(fits).unwrap();
            let logits: Vec<f64> = views.iter().map(|own| learned.table.logit(own)).collect();
            // Linear in the burden: the slope between any two repertoires is the same.
            let slope = (logits[1] - logits[0]) / (burdens[at][1] - burdens[at][0]);
            for i in 2..12 {
                let expected = logits[0] + slope * (burdens[at][i] - burdens[at][0]);
                assert!((logits[i] - expected).abs() < 1e-3, "{form:?} {i}: {logits:?}");
            }
        }
    }

    fn by_hand(
        task: &Task<'_>,
        labels: &[bool],
        counts: &KmerCounts,
        value: Value,
        column: usize,
        analysis: usize,
    ) -> (f64, f64) {
        let of = |class: bool| -> Vec<f64> {
            let inside =
                (0..labels.len()).filter(|&i| task.fold[i] != analysis && labels[i] == class);
            let value = |i: usize| {
                let member = task.members[i] as u32;
                let entry = counts.entries(column).iter().find(|(r, _)| *r == member);
                entry.map_or(0.0, |&(r, count)| value.of(count, counts.clonotypes(r)))
            };
            inside.map(value).collect()
        };
        let [negative, positive] = [of(false), of(true)];
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let within =
            |values: &[f64]| -> f64 { values.iter().map(|x| (x - mean(values)).powi(2)).sum() };
        let n = (negative.len() + positive.len()) as f64;
        let squares: f64 = negative.iter().chain(&positive).map(|x| x * x).sum();
        let variance = (within(&negative) + within(&positive)) / (n - 2.0);
        let sd = variance.max(1e-3 * squares / n).max(1e-24).sqrt();
        ((mean(&positive) - mean(&negative)) / sd, sd)
    }
}
