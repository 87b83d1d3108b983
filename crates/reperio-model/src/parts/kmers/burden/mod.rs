//! Burden: the amount of k-mers in a repertoire that are enriched in positive repertoires.
//!
//! Every k-mer is tested separately, and the n most associated are selected. A repertoire's burden is the weighted sum
//! of its values for these k-mers. The inner folds choose n, the kind of value, and the weights.
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

mod screen;

use rayon::prelude::*;
use reperio_stats::platt::Platt;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::KmerTable;
use crate::features::kmer_counts::KmerCounts;
use crate::features::kmer_set::KmerSet;
use crate::parts::table::{Finding, REPORTED, Table, strongest};
use crate::parts::task::{Answers, Learned, Task};
use screen::{Screen, Tested};

/// Candidates for the number of k-mers.
const SIZES: [usize; 12] = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000];
/// Up to this number only k-mers count that chance alone would hardly bring forth among all that are tested. The best of
/// half a million is otherwise the same one in all inner folds, and looks as good in them as in what it was chosen from.
const FEW: usize = 20;
/// Which value of a k-mer counts.
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
    /// The value of a count above 0 in a repertoire of `clonotypes`, before the expected value is subtracted.
    pub fn of(self, count: u32, clonotypes: f64) -> f64 {
        match self {
            Self::Excess => f64::from(count) / clonotypes.sqrt(),
            Self::Frequency => f64::from(count) / clonotypes,
            Self::RootFrequency => (f64::from(count) / clonotypes).sqrt(),
            Self::Presence => 1.0,
        }
    }
}

/// The weight of a selected k-mer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weighing {
    /// `1 / sd`: all k-mers alike, each in units of its own spread.
    Spread,
    /// `ln (mean over positives / mean over negatives)`, smoothed by half a count: what one occurrence says for the
    /// positive class, as in naive Bayes. Better where many k-mers add up.
    Odds,
}

/// Those of the first `size` that count.
fn counted(tested: &[Tested], size: usize) -> impl Iterator<Item = &Tested> {
    tested.iter().take(size).filter(move |own| size > FEW || own.significant)
}

/// One candidate.
#[derive(Clone, Copy, Debug)]
struct Form {
    value: Value,
    weighing: Weighing,
    size: usize,
}

/// Learns a burden of the k-mers of `set`, the best of `values` and `weighings`; `None` for numbers, or where no k-mer is
/// more frequent in positives.
pub(in crate::parts) fn learn(
    task: &Task<'_>,
    set: KmerSet,
    values: &[Value],
    weighings: &[Weighing],
) -> Option<Learned> {
    let Answers::Classes(labels) = task.answers else { return None };
    let counts = KmerCounts::of(task.cache, set);
    let screened = |&value: &Value| {
        let screen = Screen::new(task, labels, &counts, value).against_strangers(task, set);
        (value, screen.most_associated(SIZES[SIZES.len() - 1]))
    };
    let analyses: Vec<(Value, Vec<Vec<Tested>>)> = values.iter().map(screened).collect();
    let mut forms = Vec::new();
    let mut scores = Vec::new();
    for (value, analyses) in &analyses {
        for &weighing in weighings {
            let say = |fold: usize, _: &[usize], held: &[usize]| {
                burdens(task, &counts, (*value, weighing), &analyses[fold], held)
            };
            scores.extend(task.hold_out(SIZES.len(), say));
            forms.extend(SIZES.map(|size| Form { value: *value, weighing, size }));
        }
    }
    let logits: Vec<Vec<f64>> = scores.par_iter().map(|own| task.scaled(own, labels)).collect();
    let (best, held_out) = task.choose(&logits);
    let Form { value, weighing, size } = forms[best];
    let analyses = &analyses[best / (SIZES.len() * weighings.len())].1;
    let (whole, folds) = analyses.split_last()?;
    let chosen: Vec<&Tested> = counted(whole, size).collect();
    if chosen.is_empty() {
        return None;
    }
    let platt = Platt::beside(&scores[best], labels, task.offsets);
    let weight = |own: &Tested| platt.slope * own.weight(weighing) / chosen.len() as f64;
    let mut table = KmerTable::new(set, value, platt.intercept);
    for tested in &chosen {
        table.insert(counts.kmer(tested.column as usize), weight(tested));
    }
    if value == Value::Excess {
        table.offset = chosen.iter().map(|own| weight(own) * f64::from(own.rate)).sum();
    }
    let slots = set.slots();
    let finding = |own: &&Tested| {
        let chosen_in =
            |fold: &&Vec<Tested>| counted(fold, size).any(|other| other.column == own.column);
        let stable = folds.iter().filter(chosen_in).count();
        Finding {
            what: slots.text(counts.kmer(own.column as usize)),
            weight: weight(own),
            carriers: Some(carriers(task, labels, &counts, own.column as usize)),
            stability: Some(stable as f64 / folds.len().max(1) as f64),
        }
    };
    let found: Vec<Finding> = chosen.iter().take(REPORTED).map(finding).collect();
    let first: Vec<&str> = found.iter().map(|finding| finding.what.as_str()).collect();
    let choices =
        json!({ "value": value, "weights": weighing, "kmers": chosen.len(), "first": first });
    Some(Learned {
        table: Table::Kmers(table),
        held_out,
        choices,
        found: strongest(found.into_iter()),
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureCache;
    use reperio_data::junction::JunctionAa;
    use reperio_data::repertoire::{Builder, Repertoire, Row};
    use reperio_stats::Groups;

    pub(super) fn cohort() -> Vec<Repertoire> {
        let letter = |at: usize| char::from(b"ACDEFGHIKL"[at % 10]);
        let junction = |i: usize, j: usize| -> String {
            let middle: String = (0..6).map(|k| letter(i * 7 + j * 3 + k * k + j * k)).collect();
            format!("CAS{middle}F")
        };
        let repertoire = |i: usize| {
            let mut builder = Builder::default();
            for j in 0..20 + i {
                let junction_aa = &junction(i, j);
                builder.push(Row {
                    junction_aa: JunctionAa::new(junction_aa).unwrap(),
                    v_call: "",
                    j_call: "",
                    duplicate_count: 1,
                });
            }
            builder.finish(format!("r{i}"))
        };
        (0..12).map(repertoire).collect()
    }

    /// The table says of every repertoire what its burden, scaled, is; at any depth a repertoire as expected has 0.
    #[test]
    fn the_table_is_the_scaled_burden() {
        let cohort = cohort();
        let views: Vec<&Repertoire> = cohort.iter().collect();
        let groups = Groups::each(12);
        let cache = FeatureCache::new(&views, &groups);
        let members: Vec<usize> = (0..12).collect();
        let labels: Vec<bool> = members.iter().map(|i| i % 2 == 0).collect();
        let fold: Vec<usize> = members.iter().map(|i| i / 2 % 3).collect();
        let answers = Answers::Classes(&labels);
        let task = Task { cache: &cache, members: &members, answers, fold: &fold, offsets: None };
        let set = KmerSet { k: 3, gaps: 1, anchors: false, regions: true };
        let counts = KmerCounts::of(&cache, set);
        for form in [
            (Value::Excess, Weighing::Odds),
            (Value::Excess, Weighing::Spread),
            (Value::Frequency, Weighing::Odds),
            (Value::RootFrequency, Weighing::Spread),
            (Value::Presence, Weighing::Spread),
        ] {
            let Some(learned) = learn(&task, set, &[form.0], &[form.1]) else { panic!("{form:?}") };
            let size = learned.choices["kmers"].as_u64().unwrap() as usize;
            let whole = Screen::new(&task, &labels, &counts, form.0)
                .most_associated(SIZES[SIZES.len() - 1]);
            let slots = set.slots();
            for own in &learned.found {
                let text = |column: &usize| slots.text(counts.kmer(*column)) == own.what;
                let column = (0..counts.len()).find(text).unwrap();
                let has = |class: bool| {
                    let entries = counts.entries(column).iter();
                    entries.filter(|(r, _)| labels[*r as usize] == class).count()
                };
                assert_eq!(own.carriers, Some([has(true), has(false)]), "{own:?}");
            }
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
}
