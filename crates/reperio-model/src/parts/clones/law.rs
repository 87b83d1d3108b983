//! How the number of associated clonotypes makes a logit.

use serde::{Deserialize, Serialize};

use super::beta_binomial::{Beta, Count};
use crate::parts::task::Task;
use crate::platt::Platt;

/// The laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LawKind {
    /// `slope (k - rate n) / sqrt(n) + intercept`: what is more than the rate of repertoires that took no part in the
    /// choice, in units of its noise. It has the same mean and spread at any depth.
    Excess,
    /// `slope k / sqrt(n) + intercept`. It grows with depth.
    RootShare,
    /// `ln P(k | n, +) - ln P(k | n, -)`, beta-binomial in both classes (Emerson et al. 2017).
    BetaBinomial,
}

/// A fitted law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Law {
    Excess { slope: f64, intercept: f64, rate: f64 },
    RootShare { slope: f64, intercept: f64 },
    BetaBinomial { positive: Beta, negative: Beta, prior: f64 },
}

/// A count less what the rate lets expect, over the root of all.
fn score(count: Count, rate: f64) -> f64 {
    let all = count.all.max(1) as f64;
    (count.associated as f64 - rate * all) / all.sqrt()
}

/// Associated clonotypes over all.
fn rate_of(counts: &[Count]) -> f64 {
    let total = |of: fn(&Count) -> u64| counts.iter().map(of).sum::<u64>() as f64;
    total(|count| count.associated) / total(|count| count.all).max(1.0)
}

impl LawKind {
    /// The logit of each member by what the other folds say: `own` counts are those of the analysis without the
    /// member's fold, `inner` those of every analysis.
    pub(super) fn held_out(
        self,
        task: &Task<'_>,
        labels: &[bool],
        own: &[Count],
        inner: &[Vec<Vec<Count>>],
        threshold: usize,
    ) -> Vec<f64> {
        match self {
            Self::RootShare => {
                let scores: Vec<f64> = own.iter().map(|&count| score(count, 0.0)).collect();
                task.scaled(&scores, labels)
            }
            Self::Excess => {
                let mut logits = vec![0.0; labels.len()];
                for fold in 0..inner.len() {
                    let (fitted, held) = task.sides(fold);
                    let counts: Vec<Count> = fitted.iter().map(|&i| own[i]).collect();
                    let answers: Vec<bool> = fitted.iter().map(|&i| labels[i]).collect();
                    let law = Law::excess(&counts, &answers);
                    for i in held {
                        logits[i] = law.logit(own[i]);
                    }
                }
                logits
            }
            Self::BetaBinomial => {
                let mut logits = vec![0.0; labels.len()];
                for (fold, counts) in inner.iter().enumerate() {
                    let (fitted, held) = task.sides(fold);
                    let law = Law::beta_binomial(&counts[threshold], labels, &fitted);
                    for i in held {
                        logits[i] = law.logit(counts[threshold][i]);
                    }
                }
                logits
            }
        }
    }
}

impl Law {
    /// The law of all members: `whole` are their counts in the analysis of all, `held_out` in those without them.
    pub(super) fn fit(kind: LawKind, labels: &[bool], whole: &[Count], held_out: &[Count]) -> Self {
        match kind {
            LawKind::Excess => Self::excess(held_out, labels),
            LawKind::RootShare => {
                let scores: Vec<f64> = held_out.iter().map(|&count| score(count, 0.0)).collect();
                let Platt { slope, intercept } = Platt::fit(&scores, labels);
                Self::RootShare { slope, intercept }
            }
            LawKind::BetaBinomial => {
                let everyone: Vec<usize> = (0..labels.len()).collect();
                Self::beta_binomial(whole, labels, &everyone)
            }
        }
    }

    fn excess(counts: &[Count], labels: &[bool]) -> Self {
        let rate = rate_of(counts);
        let scores: Vec<f64> = counts.iter().map(|&count| score(count, rate)).collect();
        let Platt { slope, intercept } = Platt::fit(&scores, labels);
        Self::Excess { slope, intercept, rate }
    }

    fn beta_binomial(counts: &[Count], labels: &[bool], fitted: &[usize]) -> Self {
        let class = |class: bool| -> Vec<Count> {
            fitted.iter().filter(|&&i| labels[i] == class).map(|&i| counts[i]).collect()
        };
        let [positive, negative] = [class(true), class(false)];
        let prior = ((positive.len() + 1) as f64 / (negative.len() + 1) as f64).ln();
        Self::BetaBinomial { positive: Beta::fit(&positive), negative: Beta::fit(&negative), prior }
    }

    /// What a repertoire has before anything is counted.
    pub(super) fn bias(self) -> f64 {
        match self {
            Self::Excess { intercept, .. } | Self::RootShare { intercept, .. } => intercept,
            Self::BetaBinomial { prior, .. } => prior,
        }
    }

    pub(super) fn logit(self, count: Count) -> f64 {
        match self {
            Self::Excess { slope, intercept, rate } => slope * score(count, rate) + intercept,
            Self::RootShare { slope, intercept } => slope * score(count, 0.0) + intercept,
            Self::BetaBinomial { positive, negative, prior } => {
                prior + positive.ln_likelihood(count) - negative.ln_likelihood(count)
            }
        }
    }

    /// Every number of the law.
    pub(super) fn parameters(self) -> Vec<f64> {
        match self {
            Self::Excess { slope, intercept, rate } => vec![slope, intercept, rate],
            Self::RootShare { slope, intercept } => vec![slope, intercept],
            Self::BetaBinomial { positive, negative, prior } => {
                vec![positive.alpha, positive.beta, negative.alpha, negative.beta, prior]
            }
        }
    }
}
