//! Turns the number of associated clonotypes into a logit.

use reperio_stats::beta_binomial::{Beta, Count};
use reperio_stats::platt::Platt;
use serde::{Deserialize, Serialize};

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
    /// `slope (k - rate n) / sqrt(n) + intercept`
    Linear {
        slope: f64,
        intercept: f64,
        rate: f64,
    },
    BetaBinomial {
        positive: Beta,
        negative: Beta,
        prior: f64,
    },
}

/// A count less what the rate lets expect, over the root of all.
fn score(count: Count, rate: f64) -> f64 {
    let all = count.all.max(1) as f64;
    (count.hits as f64 - rate * all) / all.sqrt()
}

/// Associated clonotypes over all.
fn rate_of(counts: &[Count]) -> f64 {
    let total = |of: fn(&Count) -> u64| counts.iter().map(of).sum::<u64>() as f64;
    total(|count| count.hits) / total(|count| count.all).max(1.0)
}

impl LawKind {
    /// Whether the law is that of repertoires that took no part in the choice, whose counts are smaller; as published, the
    /// beta-binomial one is not.
    pub(super) fn of_held_out(self) -> bool {
        self != Self::BetaBinomial
    }

    /// The law of `counts` of repertoires with `labels`, beside `offsets`, if there are any; the beta-binomial one ignores them.
    pub(super) fn fit(self, counts: &[Count], labels: &[bool], offsets: Option<&[f64]>) -> Law {
        if self == Self::BetaBinomial {
            let class = |class: bool| -> Vec<Count> {
                let own = counts.iter().zip(labels).filter(|(_, label)| **label == class);
                own.map(|(count, _)| *count).collect()
            };
            let [positive, negative] = [class(true), class(false)];
            let prior = ((positive.len() + 1) as f64 / (negative.len() + 1) as f64).ln();
            let (positive, negative) = (Beta::fit(&positive), Beta::fit(&negative));
            return Law::BetaBinomial { positive, negative, prior };
        }
        let rate = if self == Self::Excess { rate_of(counts) } else { 0.0 };
        let scores: Vec<f64> = counts.iter().map(|&count| score(count, rate)).collect();
        let Platt { slope, intercept } = Platt::beside(&scores, labels, offsets);
        Law::Linear { slope, intercept, rate }
    }
}

impl Law {
    /// Logit of a repertoire before anything is counted.
    pub(super) fn bias(self) -> f64 {
        match self {
            Self::Linear { intercept, .. } => intercept,
            Self::BetaBinomial { prior, .. } => prior,
        }
    }

    pub(super) fn logit(self, count: Count) -> f64 {
        match self {
            Self::Linear { slope, intercept, rate } => slope * score(count, rate) + intercept,
            Self::BetaBinomial { positive, negative, prior } => {
                prior + positive.ln_likelihood(count) - negative.ln_likelihood(count)
            }
        }
    }

    /// Every number of the law.
    pub(super) fn parameters(self) -> Vec<f64> {
        match self {
            Self::Linear { slope, intercept, rate } => vec![slope, intercept, rate],
            Self::BetaBinomial { positive, negative, prior } => {
                vec![positive.alpha, positive.beta, negative.alpha, negative.beta, prior]
            }
        }
    }
}
