//! Decisions for the whole cohort: ids, subjects, labels, carriers.

use rand::Rng;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::config::{Age, SimulationConfig};
use super::signal::{Signal, Target};
use super::stream::{self, Stream};
use crate::metadata::Metadata;

/// Labels and carriers by subject, missing labels by repertoire.
#[derive(Debug)]
pub(super) struct CohortPlan {
    per_subject: usize,
    label: Vec<bool>,
    second: Vec<bool>,
    /// Witness rate of each subject where rates differ.
    load: Vec<Option<f64>>,
    /// Whether each subject carries each signal: `carries[signal][subject]`.
    carries: Vec<Vec<bool>>,
    label_missing: Vec<bool>,
    second_missing: Vec<bool>,
    /// Whether each subject is in batch B, where there are batches.
    batch: Option<Vec<bool>>,
    /// Age of each subject in years, where there are ages.
    age: Option<Vec<f64>>,
}

impl CohortPlan {
    pub(super) fn new(config: &SimulationConfig) -> Self {
        let mut rng = stream::of(config.seed, Stream::Plan);
        let subjects = config.repertoires.div_ceil(config.repertoires_per_subject);
        let label = chosen(subjects, config.positive_share, &mut rng);
        let second_share = config.second.map_or(0.0, |second| second.positive_share);
        let second = chosen(subjects, second_share, &mut rng);
        let load = (0..subjects)
            .map(|_| {
                let at: f64 = rng.random();
                config.load.map(|load| load.min * (load.max / load.min).powf(at))
            })
            .collect();
        let classes = classes(config, &label, &mut rng);
        let mut carry = |(at, signal): (usize, &Signal)| match signal.target {
            Target::Label if config.classes => {
                classes.iter().map(|&class| class == Some(at)).collect()
            }
            Target::Label => carriers(signal.shares(), &label, &mut rng),
            Target::Second => carriers(signal.shares(), &second, &mut rng),
            Target::Age => vec![true; subjects],
        };
        let carries = config.signals.iter().enumerate().map(&mut carry).collect();
        let label_missing = chosen(config.repertoires, config.missing_labels, &mut rng);
        let second_missing = config.second.map_or(0.0, |second| second.missing);
        let second_missing = chosen(config.repertoires, second_missing, &mut rng);
        let batch = config
            .batch
            .map(|batch| carriers([batch.agreement, 1.0 - batch.agreement], &label, &mut rng));
        let mut rng = stream::of(config.seed, Stream::Ages);
        let mut own = |age: Age| -> Vec<f64> {
            label
                .iter()
                .map(|&positive| age.of(positive, StandardNormal.sample(&mut rng)))
                .collect()
        };
        let age = config.age.map(&mut own);
        let per_subject = config.repertoires_per_subject;
        Self {
            per_subject,
            label,
            second,
            load,
            carries,
            label_missing,
            second_missing,
            batch,
            age,
        }
    }

    /// Number of the subject of repertoire `i`.
    pub(super) fn subject(&self, i: usize) -> usize {
        i / self.per_subject
    }

    /// Value of `label` of repertoire `i`, known or not.
    pub(super) fn label(&self, i: usize) -> bool {
        self.label[self.subject(i)]
    }

    /// Whether repertoire `i` carries `signal`.
    pub(super) fn carries(&self, i: usize, signal: usize) -> bool {
        self.carries[signal][self.subject(i)]
    }

    /// Witness rate of repertoire `i` where rates differ.
    pub(super) fn load(&self, i: usize) -> Option<f64> {
        self.load[self.subject(i)]
    }

    /// The batch of repertoire `i` where there are batches: 0 is A, 1 is B.
    pub(super) fn batch(&self, i: usize) -> Option<usize> {
        self.batch.as_ref().map(|batch| usize::from(batch[self.subject(i)]))
    }

    /// The age of repertoire `i` in years where there are ages.
    pub(super) fn age(&self, i: usize) -> Option<f64> {
        self.age.as_ref().map(|age| age[self.subject(i)])
    }

    /// The metadata table.
    pub(super) fn metadata(&self, config: &SimulationConfig) -> Metadata {
        let n = config.repertoires;
        let column = |name: &str, value: &dyn Fn(usize) -> Option<String>| {
            (name.to_owned(), (0..n).map(value).collect())
        };
        let binary = |positive: bool| Some(u8::from(positive).to_string());
        let ids: Vec<String> = (0..n).map(|i| id(config, i)).collect();
        let mut columns =
            vec![column("filename", &|i| Some(format!("repertoires/{}.tsv.gz", ids[i])))];
        if self.per_subject > 1 {
            columns
                .push(column("subject_id", &|i| Some(format!("subject{}", self.subject(i) + 1))));
        }
        columns.push(column("label", &|i| {
            if self.label_missing[i] { None } else { binary(self.label(i)) }
        }));
        if config.second.is_some() {
            let second = |i: usize| self.second[self.subject(i)];
            columns.push(column("second", &|i| {
                if self.second_missing[i] { None } else { binary(second(i)) }
            }));
        }
        let carried = |i: usize| {
            let mut signals = config.signals.iter().enumerate();
            signals.find(|&(at, signal)| signal.target == Target::Label && self.carries(i, at))
        };
        if config.classes {
            let class = |i| carried(i).map_or("none", |(_, signal)| &signal.name).to_owned();
            columns.push(column("class", &|i| Some(class(i))));
        }
        if config.load.is_some() {
            let load = |i| self.load(i).filter(|_| carried(i).is_some()).unwrap_or(0.0);
            columns.push(column("load", &|i| Some(format!("{:.4}", 1_000.0 * load(i)))));
        }
        if config.batch.is_some() {
            let name = |i| self.batch(i).map(|batch| ["A", "B"][batch].to_owned());
            columns.push(column("batch", &name));
        }
        if config.age.is_some() {
            columns.push(column("age", &|i| self.age(i).map(|age| format!("{age:.1}"))));
        }
        Metadata::from_columns(ids, columns).expect("numbered ids, and columns of one value each")
    }
}

/// Id of repertoire `i`, padded so that ids sort by number.
pub(super) fn id(config: &SimulationConfig, i: usize) -> String {
    let width = config.repertoires.to_string().len();
    format!("sim{:0width$}", i + 1)
}

/// `share` of `n`, rounded, chosen at random.
fn chosen(n: usize, share: f64, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut all = vec![false; n];
    for i in index::sample(rng, n, ((share * n as f64).round() as usize).min(n)) {
        all[i] = true;
    }
    all
}

/// Subjects that carry something, given the shares of the positive and of the negative ones.
fn carriers([positive, negative]: [f64; 2], label: &[bool], rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut all = vec![false; label.len()];
    for (side, share) in [(true, positive), (false, negative)] {
        let members: Vec<usize> = (0..label.len()).filter(|&i| label[i] == side).collect();
        for (&member, carries) in members.iter().zip(chosen(members.len(), share, rng)) {
            all[member] = carries;
        }
    }
    all
}

/// The signal that is each subject's class: positives divided evenly, negatives none.
fn classes(config: &SimulationConfig, label: &[bool], rng: &mut ChaCha8Rng) -> Vec<Option<usize>> {
    let is_class = |&at: &usize| config.signals[at].target == Target::Label;
    let signals: Vec<usize> = (0..config.signals.len()).filter(is_class).collect();
    let mut positives: Vec<usize> = (0..label.len()).filter(|&i| label[i]).collect();
    positives.shuffle(rng);
    let mut all = vec![None; label.len()];
    for (&subject, &signal) in positives.iter().zip(signals.iter().cycle()) {
        all[subject] = Some(signal);
    }
    all
}
